import { KlawError } from '../../../../errors.ts'
import type { LeaseEnd } from '../../task-lease.ts'
import type { Session } from '../session.ts'
import type { Amounts, Resources } from './resources.ts'
import type { IdleWorkers, TaskWorker, WorkerLease } from './task-worker.ts'

/** What a lease stands on. */
export interface LeaseHome {
  readonly resources: Resources
  readonly idle: IdleWorkers
  /** The lease is over. */
  over(lease: Lease): void
}

/** A worker in the hands of a session, with the resources that it holds. */
export class Lease implements WorkerLease {
  readonly number: number
  readonly worker: TaskWorker
  readonly session: Session
  readonly #amounts: Amounts
  readonly #home: LeaseHome
  readonly #stopListening: () => void
  #recalled = false
  #blocked = false
  #ended = false
  /** Why the worker has gone by itself. */
  cause: Error | undefined

  constructor(number: number, session: Session, worker: TaskWorker, amounts: Amounts, home: LeaseHome) {
    this.number = number
    this.worker = worker
    this.session = session
    this.#amounts = amounts
    this.#home = home
    worker.lease = this
    // A task whose caller has gone may run for ever: nobody would know.
    this.#stopListening = session.onEnd(() => this.end(session))
  }

  giveBack(session: Session): void {
    if (session !== this.session || !this.#finish()) return
    // Whoever gets the resources next can use the worker too.
    this.#home.idle.add(this.worker)
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
    this.cause = cause
    this.#tell(cause)
    this.#release()
  }

  /** Asks for the worker to be given back after the task that it runs. */
  recall(): void {
    if (this.#recalled) return
    this.#recalled = true
    this.session.connection.notify('task.recall', this.number)
  }

  /** A task that waits for others lends its resources to them. */
  block(blocked: boolean): void {
    if (this.#ended || this.#blocked === blocked) return
    this.#blocked = blocked
    if (blocked) this.#home.resources.giveBack(this.#amounts)
    else this.#home.resources.take(this.#amounts)
  }

  #finish(): boolean {
    if (this.#ended) return false
    this.#ended = true
    this.#home.over(this)
    this.#stopListening()
    return true
  }

  #tell(cause: Error): void {
    const end: LeaseEnd = { lease: this.number, cause }
    this.session.connection.notify('task.ended', end)
  }

  #release(): void {
    if (!this.#blocked) this.#home.resources.giveBack(this.#amounts)
  }
}
