import { availableParallelism } from 'node:os'
import { ActorUnschedulableError, KlawError } from '../../../../errors.ts'
import type { OperationContext } from '../../../../wire/operations.ts'
import type { LeaseGrant, LeaseRequest } from '../../task-lease.ts'
import type { Hub } from '../hub.ts'
import type { Session } from '../session.ts'
import { type Amounts, type Resources, type ResourceWaiter, requested } from './resources.ts'
import { Lease, type LeaseHome } from './task-lease.ts'
import { IdleWorkers, TaskWorker } from './task-worker.ts'
import { unsupportedEnvironment, type WorkerThreads } from './worker-threads.ts'

/** Lends worker threads to those who run tasks. */
export class TaskWorkers implements LeaseHome {
  readonly resources: Resources
  readonly idle = new IdleWorkers(Math.max(2, availableParallelism()))
  readonly #threads: WorkerThreads
  readonly #leases = new Map<number, Lease>()
  #nextLease = 1

  constructor(hub: Hub, resources: Resources, threads: WorkerThreads) {
    this.resources = resources
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

  over(lease: Lease): void {
    this.#leases.delete(lease.number)
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
          this.#grant(session, request, amounts).then(resolve, reject)
        },
      }
      const leave = () => {
        if (this.resources.leave(waiter)) reject(signal.reason)
      }
      signal.addEventListener('abort', leave, { once: true })
      this.resources.wait(waiter)
    })
  }

  #refusal(request: LeaseRequest, amounts: Amounts): Error | undefined {
    const lacking = this.resources.infeasible(amounts)
    if (lacking !== undefined) return new ActorUnschedulableError(`the task can never start: ${lacking}`)
    const unsupported = unsupportedEnvironment(request.runtimeEnv)
    if (unsupported.length === 0) return undefined
    return new KlawError(`the embedded engine honours only 'env_vars' of 'runtimeEnv', got ${unsupported.join(', ')}`)
  }

  async #grant(session: Session, request: LeaseRequest, amounts: Amounts): Promise<LeaseGrant> {
    let worker: TaskWorker
    try {
      worker = this.idle.take(request) ?? new TaskWorker(this.#threads, request, (ended) => this.idle.remove(ended))
    } catch (error) {
      this.resources.giveBack(amounts)
      throw error
    }
    const lease = new Lease(this.#nextLease++, session, worker, amounts, this)
    this.#leases.set(lease.number, lease)
    await worker.started
    if (this.resources.othersWait(session.id)) lease.recall()
    return { lease: lease.number, session: worker.session.id, cause: lease.cause }
  }
}
