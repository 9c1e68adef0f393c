import { availableParallelism } from 'node:os'
import type { ResourceRequest, RuntimeEnv } from '../../../actor-engine.ts'
import { flushOutput, within } from '../../flush-output.ts'
import { turns } from '../../turns.ts'
import type { Hub } from '../hub.ts'
import { type ThreadOptions, WorkerThread } from './worker-thread.ts'

/** Milliseconds that a busy thread has to answer before the process ends without it. */
const flushTime = 300

/** Somebody who uses a thread, and has to know when it has gone by itself. */
export interface ThreadUser {
  threadEnded(cause: Error): void
}

/** A thread and those who use it. */
export interface SharedThread {
  readonly thread: WorkerThread
  readonly users: Set<ThreadUser>
  readonly shared: boolean
}

/** All worker threads of the runtime. */
export class WorkerThreads {
  readonly #hub: Hub
  readonly #namespace: string
  readonly #poolSize: number
  readonly #pool = new Set<SharedThread>()
  readonly #bySession = new Map<number, WorkerThread>()
  #nextNumber = 1
  /** Set when all threads are about to be ended: settles when they may be. */
  #closing: Promise<void> | undefined

  constructor(hub: Hub, namespace: string, poolSize: number = Math.max(2, availableParallelism())) {
    this.#hub = hub
    this.#namespace = namespace
    this.#poolSize = poolSize
    hub.handle('thread.ready', (session) => this.#bySession.get(session.id)?.ready())
    hub.handle('threads.flush', () => this.flush())
    hub.handle('thread.failing', (session, error: unknown) => this.#bySession.get(session.id)?.failing(error))
  }

  /** A thread for one user. */
  own(options: ThreadOptions, user: ThreadUser, purpose: string): SharedThread {
    return this.#spawn(options, [user], purpose, false)
  }

  /** A thread of the pool: a new one until there are enough, then the one with the fewest users. */
  pooled(user: ThreadUser): SharedThread {
    let least: SharedThread | undefined
    for (const entry of this.#pool) if (least === undefined || entry.users.size < least.users.size) least = entry
    if (least === undefined || (least.users.size > 0 && this.#pool.size < this.#poolSize)) {
      const entry = this.#spawn({ memory: undefined, environment: undefined }, [user], 'pool', true)
      this.#pool.add(entry)
      return entry
    }
    least.users.add(user)
    return least
  }

  /**
   * The user has no more use for its thread, which ends unless it is shared.
   *
   * @param at `'once'`: whatever it is doing; `'leisure'`: what it has printed is passed on first
   */
  async leave(entry: SharedThread, user: ThreadUser, at: 'once' | 'leisure'): Promise<void> {
    entry.users.delete(user)
    if (entry.shared) return
    const { thread } = entry
    if (at === 'leisure') await within(flushTime, handOver(thread))
    // Without a turn in between: who is told that an actor was killed must not find it at work.
    if (this.#closing !== undefined) await this.#closing
    await thread.stop()
    this.#bySession.delete(thread.session.id)
  }

  /** Ends all threads; what they have printed is passed on. */
  async close(): Promise<void> {
    // Actors that nobody holds any more, now that their holders have gone, wait for this too.
    this.#closing = this.flush()
    await this.#closing
    await Promise.all([...this.#bySession.values()].map((thread) => thread.stop()))
  }

  /** Has the threads hand over what they have printed, and passes it on, as far as nobody is busy. */
  async flush(): Promise<void> {
    await within(flushTime, Promise.all([...this.#bySession.values()].map(handOver)))
    await turns()
    await flushOutput()
  }

  #spawn(options: ThreadOptions, users: ThreadUser[], purpose: string, shared: boolean): SharedThread {
    const name = `klaw-${purpose}-${this.#nextNumber++}`
    const ended = (cause: Error) => {
      this.#pool.delete(entry)
      this.#bySession.delete(entry.thread.session.id)
      const affected = [...entry.users]
      entry.users.clear()
      for (const user of affected) user.threadEnded(cause)
    }
    const thread = new WorkerThread(this.#hub, this.#namespace, options, name, ended)
    const entry: SharedThread = { thread, users: new Set(users), shared }
    this.#bySession.set(thread.session.id, thread)
    return entry
  }
}

/** The thread hands over what it has printed. */
async function handOver({ started, session }: WorkerThread): Promise<void> {
  try {
    await started
    await session.connection.request('host.flush', undefined, { keepAlive: false })
  } catch {
    // It has just ended, and Node has passed on what it had printed.
  }
}

/** What a thread for this request has to be like. */
export function threadOptions(
  request: ResourceRequest & { readonly runtimeEnv: RuntimeEnv | undefined },
): ThreadOptions {
  return { memory: request.memory, environment: request.runtimeEnv?.env_vars }
}

/** The keys of `runtimeEnv` that this engine can not honour. */
export function unsupportedEnvironment(runtimeEnv: RuntimeEnv | undefined): string[] {
  return Object.keys(runtimeEnv ?? {}).filter((key) => key !== 'env_vars')
}
