import { WaiterList } from '../../core/waiters.ts'
import { WorkerCrashedError } from '../../errors.ts'
import { taskSlot } from '../../wire/call-frames.ts'
import type { TaskSpec } from '../actor-engine.ts'
import type { CallOutcome } from '../calls/call-owner.ts'
import { type CallTarget, PendingCall } from '../calls/pending-call.ts'
import type { CodeAddress } from '../definition.ts'
import type { LeaseEnd, LeaseGrant, LeaseRequest } from './task-lease.ts'
import { taskMethod, taskName } from './task-method.ts'
import type { TaskOwner } from './tasks.ts'

/** How many workers are asked for at a time. What bounds their number is the resources. */
const mostRequests = 16
/** Milliseconds that a worker is kept for the next task, as long as nobody else waits for what it holds. */
const idleTime = 10

/** A worker that the hub has lent to this thread. */
interface LeasedWorker {
  readonly lease: number
  readonly session: number
  /** What it runs. */
  call: PendingCall | undefined
  /** Its answer will not come any more. */
  lost: boolean
  /** Why it has gone, as far as the hub has said so. */
  cause: Error | undefined
  /** Others wait for it. */
  recalled: boolean
}

/** Tasks with the same needs: those that wait, and the workers that run them, each one at a time. */
export class TaskQueue implements CallTarget {
  readonly owner: TaskOwner
  readonly #needs: LeaseRequest
  readonly #empty: () => void
  /** Tasks that could run at once. */
  readonly #ready = new WaiterList<PendingCall>()
  readonly #workers = new Map<number, LeasedWorker>()
  /** Those of them that have nothing to do, and are about to be given back. */
  readonly #idle = new Set<LeasedWorker>()
  #timer: NodeJS.Timeout | undefined
  #requests = 0
  #nextCall = 0
  #pending = 0

  /** @param empty called once, when there is nothing left to do: the queue is of no use any more */
  constructor(owner: TaskOwner, needs: LeaseRequest, empty: () => void) {
    this.owner = owner
    this.#needs = needs
    this.#empty = empty
  }

  submit(code: CodeAddress, { maxRetries, retryExceptions }: TaskSpec, args: readonly unknown[]): CallOutcome {
    const call = new PendingCall(this, taskMethod(code), this.#nextCall++, maxRetries, retryExceptions)
    call.outcome = this.owner.outcome(call)
    this.#pending++
    this.owner.callStarted(call)
    if (this.owner.lost !== undefined) call.refuse(this.owner.lost)
    else this.owner.prepare(call, args, () => this.#enqueue(call))
    return call.outcome
  }

  describe(call: PendingCall): string {
    return `task ${taskName(call.method)}`
  }

  lost(call: PendingCall): void {
    const worker = this.#workers.get(call.slot)
    if (worker?.call !== call) {
      this.#decide(call, new Error('its worker is unknown'))
      return
    }
    worker.lost = true
    if (this.owner.lost !== undefined) call.refuse(this.owner.lost)
    else this.#leaveIfGone(worker)
  }

  again(call: PendingCall): void {
    const worker = this.#workers.get(call.slot)
    call.peer = undefined
    this.#ready.push(call)
    if (worker?.call === call) this.#next(worker)
    this.#ask()
  }

  done(call: PendingCall): void {
    this.#pending--
    this.owner.callEnded(call)
    this.#ready.remove(call)
    const worker = this.#workers.get(call.slot)
    if (worker?.call === call) this.#next(worker)
    this.#endIfEmpty()
  }

  cancelSent(call: PendingCall, force: boolean): void {
    if (force) this.owner.client.connection.notify('task.end', call.slot)
    else call.peer?.cancel(call.id)
  }

  awaited(call: PendingCall): void {
    this.owner.awaited(call)
  }

  /** Event `task.ended`. */
  workerEnded({ lease, cause }: LeaseEnd): void {
    const worker = this.#workers.get(lease)
    if (worker === undefined) return
    worker.cause = cause
    this.#leaveIfGone(worker)
  }

  /** Event `task.recall`: the worker is to be given back after what it runs now. */
  recall(lease: number): void {
    const worker = this.#workers.get(lease)
    if (worker === undefined) return
    worker.recalled = true
    if (this.#idle.delete(worker)) this.#next(worker)
    this.#endIfEmpty()
  }

  /** The runtime is gone. What has been sent is refused when its connection is lost. */
  close(error: Error): void {
    clearTimeout(this.#timer)
    for (let call = this.#ready.shift(); call !== undefined; call = this.#ready.shift()) call.refuse(error)
  }

  #enqueue(call: PendingCall): void {
    this.#ready.push(call)
    for (const worker of this.#idle) {
      this.#idle.delete(worker)
      this.#next(worker)
      return
    }
    this.#ask()
  }

  /** Asks for workers, as far as there is something for them to do. */
  #ask(): void {
    while (this.#requests < Math.min(this.#ready.length, mostRequests)) {
      this.#requests++
      // What waits holds the event loop; the request is only on its behalf.
      this.owner.client.connection.request('task.lease', this.#needs, { keepAlive: false }).then(
        (grant) => {
          this.#requests--
          this.#granted(grant as LeaseGrant)
        },
        (error) => {
          this.#requests--
          this.#refuseAll(error)
        },
      )
    }
  }

  #granted({ lease, session, cause }: LeaseGrant): void {
    if (cause !== undefined) {
      const call = this.#ready.shift()
      if (call !== undefined) this.#decide(call, cause)
      this.#endIfEmpty()
      return
    }
    const worker: LeasedWorker = { lease, session, call: undefined, lost: false, cause: undefined, recalled: false }
    this.#workers.set(lease, worker)
    this.#next(worker)
    // What it was asked for has been done by others.
    if (this.#idle.delete(worker)) this.#giveBack(worker)
    this.#endIfEmpty()
  }

  /** Gives the worker something to do, keeps it for a moment when there is nothing, or gives it back when others wait. */
  #next(worker: LeasedWorker): void {
    worker.call = undefined
    if (worker.cause === undefined && !worker.recalled && this.owner.lost === undefined) {
      for (let call = this.#ready.shift(); call !== undefined; call = this.#ready.shift()) {
        if (this.#send(worker, call)) return
      }
      this.#idle.add(worker)
      this.#timer ??= setTimeout(this.#giveBackIdle, idleTime).unref()
      return
    }
    this.#giveBack(worker)
    if (this.#ready.length > 0) this.#ask()
  }

  #giveBack(worker: LeasedWorker): void {
    this.#workers.delete(worker.lease)
    if (worker.cause === undefined) this.owner.client.connection.notify('task.return', worker.lease)
  }

  readonly #giveBackIdle = (): void => {
    this.#timer = undefined
    for (const worker of this.#idle) this.#giveBack(worker)
    this.#idle.clear()
    this.#endIfEmpty()
  }

  #send(worker: LeasedWorker, call: PendingCall): boolean {
    const peer = this.owner.peer(worker.session)
    try {
      const id = peer.send(call, taskSlot, call.method, call.sendableArgs())
      call.sent(peer, worker.lease, id)
      worker.call = call
      return true
    } catch (error) {
      call.refuse(error)
      return false
    }
  }

  /** A worker that has gone is done with when both its connection and the hub have said so. */
  #leaveIfGone(worker: LeasedWorker): void {
    const { call, lost, cause } = worker
    if (cause === undefined || (call !== undefined && !lost)) return
    this.#workers.delete(worker.lease)
    this.#idle.delete(worker)
    worker.call = undefined
    if (call !== undefined) this.#decide(call, cause)
    this.#endIfEmpty()
  }

  #decide(call: PendingCall, cause: Error): void {
    call.peer = undefined
    if (call.cancelled) {
      call.refuse(call.cancellation())
    } else if (call.takeRetry()) {
      this.#enqueue(call)
    } else {
      call.refuse(
        new WorkerCrashedError(`${this.describe(call)}: the worker that ran it ended: ${cause.message}`, { cause }),
      )
    }
  }

  /** No worker can be had for these needs. */
  #refuseAll(error: unknown): void {
    const refusal = this.owner.lost ?? error
    for (let call = this.#ready.shift(); call !== undefined; call = this.#ready.shift()) call.refuse(refusal)
    this.#endIfEmpty()
  }

  #endIfEmpty(): void {
    if (this.#pending > 0 || this.#workers.size > 0 || this.#requests > 0) return
    // Workers that were idle may have been given back before their time.
    clearTimeout(this.#timer)
    this.#empty()
  }
}
