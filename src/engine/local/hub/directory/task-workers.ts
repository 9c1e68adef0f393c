import { ActorUnschedulableError, KlawError } from '../../../../errors.ts'
import type { OperationContext } from '../../../../wire/connection.ts'
import type { ResourceRequest, RuntimeEnv } from '../../../actor-engine.ts'
import type { Hub } from '../hub.ts'
import type { Session } from '../session.ts'
import { type Amounts, type Resources, type ResourceWaiter, requested } from './resources.ts'
import {
  type SharedThread,
  type ThreadUser,
  threadOptions,
  unsupportedEnvironment,
  type WorkerThreads,
} from './worker-threads.ts'

/** Request `task.lease`: a worker for tasks that need this. */
export type LeaseRequest = ResourceRequest & { readonly runtimeEnv: RuntimeEnv | undefined }

/** The answer: the worker is the asker's until `task.return`, or until event `task.ended` says that it has gone. */
export interface LeaseGrant {
  readonly lease: number
  readonly session: number
}

/** Event `task.ended`. */
export interface LeaseEnd {
  readonly lease: number
  readonly cause: Error
}

/** Lends worker threads to those who run tasks, one task at a time, and keeps them warm in between. */
export class TaskWorkers {
  readonly #resources: Resources
  readonly #threads: WorkerThreads
  /** Threads without work, by what they are like. */
  readonly #idle = new Map<string, Worker[]>()
  readonly #leases = new Map<number, Lease>()
  #nextLease = 1

  constructor(hub: Hub, resources: Resources, threads: WorkerThreads) {
    this.#resources = resources
    this.#threads = threads
    // Whoever runs many tasks keeps its workers from one to the next, as long as nobody else waits.
    resources.scarce = ({ session }) => {
      for (const lease of this.#leases.values()) if (lease.session.id !== session) lease.recall()
    }
    hub.handle('task.lease', (session, request: LeaseRequest, context) => this.#ask(session, request, context))
    hub.handle('task.return', (session, lease: number) => this.#leases.get(lease)?.giveBack(session))
    hub.handle('task.end', (session, lease: number) => this.#leases.get(lease)?.end(session))
    hub.handle('task.blocked', (session, blocked: boolean) => {
      for (const lease of this.#leases.values()) if (lease.worker.session === session) lease.block(blocked)
    })
  }

  #ask(session: Session, request: LeaseRequest, context: OperationContext): Promise<LeaseGrant> {
    const amounts = requested(request)
    const refusal = this.#refusal(request, amounts)
    if (refusal !== undefined) return Promise.reject(refusal)
    const { signal } = context
    return new Promise((resolve, reject) => {
      const waiter: ResourceWaiter = {
        amounts,
        session: session.id,
        granted: () => {
          signal.removeEventListener('abort', leave)
          this.#grant(session, request, amounts).then(resolve)
        },
      }
      const leave = () => {
        if (this.#resources.leave(waiter)) reject(signal.reason)
      }
      signal.addEventListener('abort', leave, { once: true })
      this.#resources.wait(waiter)
    })
  }

  #refusal(request: LeaseRequest, amounts: Amounts): Error | undefined {
    const lacking = this.#resources.infeasible(amounts)
    if (lacking !== undefined) return new ActorUnschedulableError(`the task can never start: ${lacking}`)
    const unsupported = unsupportedEnvironment(request.runtimeEnv)
    if (unsupported.length === 0) return undefined
    return new KlawError(`the embedded engine honours only 'env_vars' of 'runtimeEnv', got ${unsupported.join(', ')}`)
  }

  async #grant(session: Session, request: LeaseRequest, amounts: Amounts): Promise<LeaseGrant> {
    const kind = kindOf(request)
    const worker = this.#idle.get(kind)?.pop() ?? new Worker(this.#threads, kind, request, this.#idle)
    const number = this.#nextLease++
    const lease = new Lease(number, session, worker, amounts, this.#resources, () => this.#leases.delete(number))
    this.#leases.set(number, lease)
    await worker.place.thread.started
    if (this.#resources.othersWait(session.id)) lease.recall()
    return { lease: number, session: worker.session.id }
  }
}

/** A thread for tasks. */
class Worker implements ThreadUser {
  readonly kind: string
  readonly place: SharedThread
  readonly #threads: WorkerThreads
  readonly #idle: Map<string, Worker[]>
  lease: Lease | undefined = undefined

  constructor(threads: WorkerThreads, kind: string, request: LeaseRequest, idle: Map<string, Worker[]>) {
    this.kind = kind
    this.#threads = threads
    this.#idle = idle
    this.place = threads.own(threadOptions(request), this, 'task')
  }

  get session(): Session {
    return this.place.thread.session
  }

  threadEnded(cause: Error): void {
    const idle = this.#idle.get(this.kind) ?? []
    const index = idle.indexOf(this)
    if (index >= 0) idle.splice(index, 1)
    this.lease?.workerEnded(cause)
  }

  /** Waits for its next lease. */
  rest(): void {
    this.lease = undefined
    const idle = this.#idle.get(this.kind)
    if (idle === undefined) this.#idle.set(this.kind, [this])
    else idle.push(this)
  }

  stop(): Promise<void> {
    return this.#threads.leave(this.place, this)
  }
}

/** A worker in the hands of a session. */
class Lease {
  readonly worker: Worker
  readonly #number: number
  readonly session: Session
  readonly #amounts: Amounts
  readonly #resources: Resources
  readonly #over: () => void
  readonly #stopListening: () => void
  #recalled = false
  #blocked = false
  #ended = false

  constructor(
    number: number,
    session: Session,
    worker: Worker,
    amounts: Amounts,
    resources: Resources,
    over: () => void,
  ) {
    this.worker = worker
    this.#number = number
    this.session = session
    this.#amounts = amounts
    this.#resources = resources
    this.#over = over
    worker.lease = this
    // A task whose caller has gone may run for ever: nobody would know.
    this.#stopListening = session.onEnd(() => this.end(session))
  }

  giveBack(session: Session): void {
    if (session !== this.session || !this.#finish()) return
    this.worker.rest()
    this.#release()
  }

  /** Ends the worker, whatever it is doing. */
  end(session: Session): void {
    if (session !== this.session || !this.#finish()) return
    this.worker.stop().then(() => {
      this.#tell(new KlawError('the worker was ended'))
      this.#release()
    })
  }

  workerEnded(cause: Error): void {
    if (!this.#finish()) return
    this.#tell(cause)
    this.#release()
  }

  /** Asks for the worker to be given back after the task that it runs. */
  recall(): void {
    if (this.#recalled) return
    this.#recalled = true
    this.session.connection.notify('task.recall', this.#number)
  }

  /** A task that waits for others lends its resources to them. */
  block(blocked: boolean): void {
    if (this.#ended || this.#blocked === blocked) return
    this.#blocked = blocked
    if (blocked) this.#resources.giveBack(this.#amounts)
    else this.#resources.take(this.#amounts)
  }

  #finish(): boolean {
    if (this.#ended) return false
    this.#ended = true
    this.#over()
    this.#stopListening()
    return true
  }

  #tell(cause: Error): void {
    const end: LeaseEnd = { lease: this.#number, cause }
    this.session.connection.notify('task.ended', end)
  }

  #release(): void {
    if (!this.#blocked) this.#resources.giveBack(this.#amounts)
  }
}

/** Tasks of one kind can use the same threads. */
function kindOf({ memory, runtimeEnv }: LeaseRequest): string {
  return JSON.stringify([memory ?? 0, Object.entries(runtimeEnv?.env_vars ?? {}).sort()])
}
