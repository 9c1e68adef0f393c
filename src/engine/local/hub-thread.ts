import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import { KlawError } from '../../errors.ts'
import { entryUrl } from './entry-url.ts'
import { threadArguments } from './exec-arguments.ts'

/** What the hub is started with. */
export interface HubOptions {
  /** CPUs that actors and tasks may claim. */
  readonly numCpus: number
  /** Bytes that the object store may hold. */
  readonly objectStoreMemory: number
  /** Of names that do not give one. */
  readonly namespace: string
}

/** The hub thread, as the driver sees it. */
export interface HubThread {
  /** The driver's own session. */
  readonly port: MessagePort
  /** Resolves when the thread has ended. */
  readonly ended: Promise<Error | undefined>
  /** Resolves when the thread has ended. It ends by itself when its driver's session does; it is ended when that takes too long. */
  close(): Promise<void>
}

/** Milliseconds in which the hub can end its threads and pass on what they have printed. */
const closingTime = 2_000

/** Spawns the hub. It keeps no process alive by itself. */
export function startHubThread(options: HubOptions): HubThread {
  const { port1, port2 } = new MessageChannel()
  const worker = new Worker(entryUrl('hub'), { name: 'klaw-hub', execArgv: threadArguments(process.execArgv) })
  let failure: Error | undefined
  const ended = new Promise<Error | undefined>((resolve) => {
    worker.once('error', (error) => {
      failure = new KlawError('the hub thread failed', { cause: error })
    })
    worker.once('exit', () => {
      port1.close()
      resolve(failure)
    })
  })
  worker.postMessage({ port: port2, options }, [port2])
  worker.unref()
  return {
    port: port1,
    ended,
    async close() {
      port1.close()
      worker.ref()
      const timer = setTimeout(() => worker.terminate(), closingTime)
      await ended
      clearTimeout(timer)
    },
  }
}
