import { BoundedQueue, type QueueWaiter } from '../../../core/bounded-queue.ts'
import type { Clock } from '../../../core/clock.ts'
import { Waiter } from '../../../core/waiters.ts'
import type { QueueRefusal } from '../../queue-engine.ts'
import type { SessionWatch } from '../session-watch.ts'
import type { Handed, QueueCaller, Unsuccessful } from './queue-calls.ts'

/** An item that was handed out, until the handle that got it says that it took it. */
interface HandedItem {
  readonly ticket: number
  readonly item: unknown
}

/**
 * The actor behind a `Queue` of the embedded engine. Everything that waits does so in its lists and not in the engine's, so that any
 * number of blocked gets leaves room for puts.
 */
export class QueueActor {
  readonly #queue: BoundedQueue<unknown>
  readonly #watch: SessionWatch
  readonly #clock: Clock
  readonly #waiting = new Map<string, Waiting>()
  /** What each handle has been handed and did not take yet. */
  readonly #handed = new Map<string, HandedItem[]>()
  readonly #handles = new Map<string, number>()
  readonly #watched = new Map<number, () => void>()
  #tickets = 0

  /** @param maxsize 0 or less: without limit */
  constructor(watch: SessionWatch, clock: Clock, maxsize: number) {
    this.#watch = watch
    this.#clock = clock
    this.#queue = new BoundedQueue(maxsize > 0 ? maxsize : Number.POSITIVE_INFINITY)
  }

  put(
    caller: QueueCaller,
    timeout: number | undefined,
    item: unknown,
  ): 'done' | Promise<'done' | Unsuccessful> | Unsuccessful {
    if (this.#queue.tryPut([item])) return 'done'
    if (timeout === 0) return 'timeout'
    return new Promise((resolve) => {
      const waiting = new Waiting(caller, item, resolve, () => resolve('done'))
      this.#wait(waiting, timeout)
      this.#queue.parkPut(waiting)
    })
  }

  putAll(items: readonly unknown[]): QueueRefusal | undefined {
    return this.#queue.tryPut(items) ? undefined : this.#refusal()
  }

  get(
    caller: QueueCaller,
    took: number,
    timeout: number | undefined,
  ): Handed | Unsuccessful | Promise<Handed | Unsuccessful> {
    this.took(caller.handle, took)
    const items = this.#queue.tryGet(1)
    if (items !== undefined) return this.#hand(caller, items)
    if (timeout === 0) return 'timeout'
    return new Promise((resolve) => {
      const waiting = new Waiting(caller, undefined, resolve, (item) => resolve(this.#hand(caller, [item])))
      this.#wait(waiting, timeout)
      this.#queue.parkGet(waiting)
    })
  }

  getMany(caller: QueueCaller, took: number, count: number): Handed | QueueRefusal {
    this.took(caller.handle, took)
    const items = this.#queue.tryGet(count)
    return items === undefined ? this.#refusal() : this.#hand(caller, items)
  }

  /** The handle has taken what it was handed, up to `ticket`. */
  took(handle: string, ticket: number): void {
    const handed = this.#handed.get(handle)
    if (handed === undefined) return
    const open = handed.findIndex((item) => item.ticket > ticket)
    if (open > 0) handed.splice(0, open)
    if (open === -1) this.#forget(handle)
    this.#unwatchIfIdle()
  }

  /** The operation is to have no effect, if it had none so far. */
  abandon(handle: string, operation: number): void {
    const waiting = this.#waiting.get(`${handle}.${operation}`)
    if (waiting === undefined || !this.#queue.leave(waiting)) return
    waiting.end()
    waiting.give('gone')
    this.#unwatchIfIdle()
  }

  size(): number {
    return this.#queue.size
  }

  full(): boolean {
    return this.#queue.isFull
  }

  #wait(waiting: Waiting, timeout: number | undefined): void {
    const { session, handle, operation } = waiting.caller
    const key = `${handle}.${operation}`
    this.#watchSession(session)
    this.#waiting.set(key, waiting)
    const timed = timeout !== undefined && timeout !== Number.POSITIVE_INFINITY
    const timer = timed ? this.#clock.setTimer(() => this.#timedOut(waiting), timeout) : undefined
    waiting.end = () => {
      if (timer !== undefined) this.#clock.clearTimer(timer)
      this.#waiting.delete(key)
    }
  }

  #timedOut(waiting: Waiting): void {
    this.#queue.leave(waiting)
    waiting.end()
    waiting.give('timeout')
    this.#unwatchIfIdle()
  }

  #hand({ session, handle }: QueueCaller, items: readonly unknown[]): Handed {
    this.#watchSession(session)
    const ticket = ++this.#tickets
    let handed = this.#handed.get(handle)
    if (handed === undefined) {
      handed = []
      this.#handed.set(handle, handed)
      this.#handles.set(handle, session)
    }
    for (const item of items) handed.push({ ticket, item })
    return [ticket, ...items]
  }

  #refusal(): QueueRefusal {
    return { size: this.#queue.size, maxsize: this.#queue.maxsize }
  }

  #watchSession(session: number): void {
    if (this.#watched.has(session)) return
    // The actor may be gone before the thread that it watches.
    const self = new WeakRef(this)
    const end = () => {
      const actor = self.deref()
      if (actor !== undefined) actor.#sessionEnded(session)
    }
    this.#watched.set(session, this.#watch.onEnd(session, end))
  }

  #unwatchIfIdle(): void {
    if (this.#waiting.size > 0 || this.#handed.size > 0) return
    for (const stop of this.#watched.values()) stop()
    this.#watched.clear()
  }

  #sessionEnded(session: number): void {
    this.#watched.delete(session)
    for (const { caller } of [...this.#waiting.values()]) {
      if (caller.session === session) this.abandon(caller.handle, caller.operation)
    }
    const back: HandedItem[] = []
    for (const [handle, owner] of this.#handles) {
      if (owner !== session) continue
      back.push(...(this.#handed.get(handle) ?? []))
      this.#forget(handle)
    }
    back.sort((a, b) => a.ticket - b.ticket)
    this.#queue.giveBack(back.map(({ item }) => item))
    this.#unwatchIfIdle()
  }

  #forget(handle: string): void {
    this.#handed.delete(handle)
    this.#handles.delete(handle)
  }
}

/** An operation that waits. */
class Waiting extends Waiter implements QueueWaiter<unknown> {
  readonly caller: QueueCaller
  readonly item: unknown
  readonly give: (outcome: Unsuccessful) => void
  /** Lets go of the timer, and of its place among those that can be abandoned. */
  end: () => void = () => {}
  readonly #success: (item: unknown) => void

  constructor(
    caller: QueueCaller,
    item: unknown,
    give: (outcome: Unsuccessful) => void,
    success: (item: unknown) => void,
  ) {
    super()
    this.caller = caller
    this.item = item
    this.give = give
    this.#success = success
  }

  succeeded(item: unknown): void {
    this.end()
    this.#success(item)
  }
}
