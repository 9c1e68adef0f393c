import { MessageChannel, type MessagePort, type ResourceLimits, Worker } from 'node:worker_threads'
import { KlawError, OutOfMemoryError } from '../../../../errors.ts'
import { entryUrl } from '../../entry-url.ts'
import type { Hub } from '../hub.ts'
import type { Session } from '../session.ts'

/** What makes a thread differ from others. */
export interface ThreadOptions {
  /** Bytes of heap. */
  readonly memory: number | undefined
  readonly environment: Readonly<Record<string, string>> | undefined
}

/** What a worker thread is started with. */
export interface WorkerStart {
  readonly port: MessagePort
  readonly namespace: string
}

const megabyte = 1024 * 1024
/** Milliseconds after a thread has ended by which its session is ended in any case. */
const closingTime = 200
/**
 * Megabytes. When a thread has filled its heap, Node grants it 16 MB more, in which it ends alone. From Node 24 on a single collection can
 * move more than that out of the young generation, unless that is kept as small as it was before; V8 then ends the whole process.
 */
const youngGeneration = 32

/** A worker thread: spawned and watched by the hub. */
export class WorkerThread {
  readonly session: Session
  /** Resolves when the thread can be asked for something, or has ended before it could. */
  readonly started: Promise<void>
  #start!: () => void
  readonly #worker: Worker
  readonly #ended: (cause: Error) => void
  #error: unknown
  #stopped = false

  /** @param ended called once, when the thread has gone by itself; not after {@link stop} */
  constructor(hub: Hub, namespace: string, options: ThreadOptions, name: string, ended: (cause: Error) => void) {
    this.#ended = ended
    this.started = new Promise((resolve) => {
      this.#start = resolve
    })
    const { port1, port2 } = new MessageChannel()
    this.session = hub.accept(port1)
    const start: WorkerStart = { port: port2, namespace }
    this.#worker = new Worker(entryUrl('worker'), {
      name,
      workerData: start,
      transferList: [port2],
      ...(options.environment === undefined ? {} : { env: { ...process.env, ...options.environment } }),
      resourceLimits: limitsOf(options.memory),
    })
    this.#worker.unref()
    this.#worker.once('error', (error) => {
      // The thread's own word is the better one.
      this.#error ??= error
    })
    this.#worker.once('exit', (code) => {
      port1.close()
      // The port's own word that it is closed comes soon; nobody must wait for ever should it not.
      setTimeout(() => this.session.connection.close(), closingTime).unref()
      this.#start()
      if (!this.#stopped) this.#ended(this.#cause(code))
    })
  }

  /** The thread itself says that it can be asked for something. */
  ready(): void {
    this.#start()
  }

  /** What the thread itself says about its end, just before. */
  failing(error: unknown): void {
    this.#error = error
  }

  /** Ends the thread, whatever it is doing. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#worker.terminate()
  }

  #cause(code: number): Error {
    const error = this.#error
    if (error === undefined) return new KlawError(`the worker thread ended with process.exit(${code})`)
    if (!(error instanceof Error)) return new KlawError(`the worker thread threw ${String(error)}`, { cause: error })
    if ((error as NodeJS.ErrnoException).code !== 'ERR_WORKER_OUT_OF_MEMORY') return error
    return new OutOfMemoryError('the worker thread has used more memory than it may', { cause: error })
  }
}

function limitsOf(memory: number | undefined): ResourceLimits {
  const limits = { maxYoungGenerationSizeMb: youngGeneration }
  if (memory === undefined) return limits
  return { ...limits, maxOldGenerationSizeMb: Math.max(1, Math.ceil(memory / megabyte)) }
}
