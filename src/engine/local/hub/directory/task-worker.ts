import type { LeaseRequest } from '../../task-lease.ts'
import type { Session } from '../session.ts'
import { type SharedThread, type ThreadUser, threadOptions, type WorkerThreads } from './worker-threads.ts'

/** Whoever uses a worker, and has to know when it has gone by itself. */
export interface WorkerLease {
  workerEnded(cause: Error): void
}

/** A thread that runs tasks. */
export class TaskWorker implements ThreadUser {
  /** Tasks of one kind can use the same threads. */
  readonly kind: string
  lease: WorkerLease | undefined = undefined
  readonly #place: SharedThread
  readonly #threads: WorkerThreads
  readonly #ended: (worker: TaskWorker) => void

  constructor(threads: WorkerThreads, request: LeaseRequest, ended: (worker: TaskWorker) => void) {
    this.kind = kindOf(request)
    this.#threads = threads
    this.#ended = ended
    this.#place = threads.own(threadOptions(request), this, 'task')
  }

  get session(): Session {
    return this.#place.thread.session
  }

  get started(): Promise<void> {
    return this.#place.thread.started
  }

  threadEnded(cause: Error): void {
    this.#ended(this)
    this.lease?.workerEnded(cause)
  }

  stop(): Promise<void> {
    return this.#threads.leave(this.#place, this, 'once')
  }
}

/** Milliseconds that workers beyond the usual number are kept. A tree of tasks that wait for one another has many for a short while. */
const surplusTime = 1_000

/** Workers that have nothing to do now, kept warm. */
export class IdleWorkers {
  readonly #most: number
  #timer: NodeJS.Timeout | undefined
  /** The one that has waited longest comes first. */
  #workers: TaskWorker[] = []

  /** @param most so many are kept for as long as it takes */
  constructor(most: number) {
    this.#most = most
  }

  take(request: LeaseRequest): TaskWorker | undefined {
    const kind = kindOf(request)
    const index = this.#workers.findLastIndex((worker) => worker.kind === kind)
    return index < 0 ? undefined : this.#workers.splice(index, 1)[0]
  }

  add(worker: TaskWorker): void {
    worker.lease = undefined
    this.#workers.push(worker)
    if (this.#workers.length > this.#most) this.#timer ??= setTimeout(this.#endSurplus, surplusTime).unref()
  }

  remove(worker: TaskWorker): void {
    this.#workers = this.#workers.filter((other) => other !== worker)
  }

  readonly #endSurplus = (): void => {
    this.#timer = undefined
    const surplus = this.#workers.splice(0, Math.max(0, this.#workers.length - this.#most))
    for (const worker of surplus) void worker.stop()
  }
}

function kindOf({ memory, runtimeEnv }: LeaseRequest): string {
  return JSON.stringify([memory ?? 0, Object.entries(runtimeEnv?.env_vars ?? {}).sort()])
}
