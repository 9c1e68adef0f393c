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

/** Workers that have nothing to do now, kept warm. */
export class IdleWorkers {
  readonly #most: number
  /** The one that has waited longest comes first. */
  #workers: TaskWorker[] = []

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
    if (this.#workers.length > this.#most) void this.#workers.shift()?.stop()
  }

  remove(worker: TaskWorker): void {
    this.#workers = this.#workers.filter((other) => other !== worker)
  }
}

function kindOf({ memory, runtimeEnv }: LeaseRequest): string {
  return JSON.stringify([memory ?? 0, Object.entries(runtimeEnv?.env_vars ?? {}).sort()])
}
