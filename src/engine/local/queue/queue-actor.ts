import { BoundedQueue, type QueueWaiter } from '../../../core/bounded-queue.ts'
import type { Clock } from '../../../core/clock.ts'
import { RingBuffer } from '../../../core/ring-buffer.ts'
import { Waiter } from '../../../core/waiters.ts'
import type { QueueRefusal } from '../../queue-engine.ts'
import type { SessionWatch } from '../session-watch.ts'
import type { Handed, Unsuccessful } from './queue-calls.ts'

/** Which operation of which handle of which thread. */
interface Caller {
  readonly session: number
  /** Unique in the runtime. */
  readonly handle: string
  readonly operation: number
}

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
  readonly #handed = new Map<string, { readonly session: number; readonly items: RingBuffer<HandedItem> }>()
  readonly #watched = new Map<number, () => void>()
  #tickets = 0

  /** @param maxsize 0 or less: without limit */
  constructor(watch: SessionWatch, clock: Clock, maxsize: number) {
    this.#watch = watch
    this.#clock = clock
    this.#queue = new BoundedQueue(maxsize > 0 ? maxsize : Number.POSITIVE_INFINITY)
  }

  put(
    session: number,
    handle: number,
    operation: number,
    took: number,
    timeout: number | undefined,
    item: unknown,
  ): 'done' | Promise<'done' | Unsuccessful> | Unsuccessful {
    const caller = this.#called(session, handle, operation, took)
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
    session: number,
    handle: number,
    operation: number,
    took: number,
    timeout: number | undefined,
  ): Promise<Handed | Unsuccessful> | Unsuccessful {
    const caller = this.#called(session, handle, operation, took)
    const items = this.#queue.tryGet(1)
    // Always by a promise, so that what is handed out arrives in the order of its tickets.
    if (items !== undefined) return Promise.resolve(this.#hand(caller, items))
    if (timeout === 0) return 'timeout'
    return new Promise((resolve) => {
      const waiting = new Waiting(caller, undefined, resolve, (item) => resolve(this.#hand(caller, [item])))
      this.#wait(waiting, timeout)
      this.#queue.parkGet(waiting)
    })
  }

  getMany(
    session: number,
    handle: number,
    operation: number,
    took: number,
    count: number,
  ): Promise<Handed> | QueueRefusal {
    const caller = this.#called(session, handle, operation, took)
    const items = this.#queue.tryGet(count)
    return items === undefined ? this.#refusal() : Promise.resolve(this.#hand(caller, items))
  }

  /** The handle has taken what it was handed, up to the ticket. */
  took(session: number, handle: number, operation: number, took: number): void {
    this.#called(session, handle, operation, took)
  }

  /** The operation is to have no effect, if it had none so far. */
  abandon(session: number, handle: number, operation: number, took: number): void {
    this.#giveUp(this.#called(session, handle, operation, took))
  }

  size(): number {
    return this.#queue.size
  }

  full(): boolean {
    return this.#queue.isFull
  }

  #called(session: number, handle: number, operation: number, took: number): Caller {
    const caller = { session, handle: `${session}.${handle}`, operation }
    const handed = this.#handed.get(caller.handle)
    if (handed === undefined) return caller
    const { items } = handed
    while (items.length > 0 && (items.at(0) as HandedItem).ticket <= took) items.popFront()
    if (items.length === 0) this.#handed.delete(caller.handle)
    this.#unwatchIfIdle()
    return caller
  }

  #giveUp({ handle, operation }: Caller): void {
    const waiting = this.#waiting.get(`${handle}.${operation}`)
    if (waiting === undefined || !this.#queue.leave(waiting)) return
    waiting.end()
    waiting.give('gone')
    this.#unwatchIfIdle()
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

  #hand({ session, handle }: Caller, items: readonly unknown[]): Handed {
    this.#watchSession(session)
    const ticket = ++this.#tickets
    let handed = this.#handed.get(handle)
    if (handed === undefined) {
      handed = { session, items: new RingBuffer() }
      this.#handed.set(handle, handed)
    }
    for (const item of items) handed.items.pushBack({ ticket, item })
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
    for (const { caller } of [...this.#waiting.values()]) if (caller.session === session) this.#giveUp(caller)
    const back: HandedItem[] = []
    for (const [handle, handed] of this.#handed) {
      if (handed.session !== session) continue
      while (handed.items.length > 0) back.push(handed.items.popFront() as HandedItem)
      this.#handed.delete(handle)
    }
    back.sort((a, b) => a.ticket - b.ticket)
    this.#queue.giveBack(back.map(({ item }) => item))
    this.#unwatchIfIdle()
  }
}

/** An operation that waits. */
class Waiting extends Waiter implements QueueWaiter<unknown> {
  readonly caller: Caller
  readonly item: unknown
  readonly give: (outcome: Unsuccessful) => void
  /** Lets go of the timer, and of its place among those that can be abandoned. */
  end: () => void = () => {}
  readonly #success: (item: unknown) => void

  constructor(caller: Caller, item: unknown, give: (outcome: Unsuccessful) => void, success: (item: unknown) => void) {
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
