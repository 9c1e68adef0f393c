import type { Delivery } from '../../core/ports.ts'
import type { ChannelClosed } from '../../errors.ts'
import { failed, type Result } from '../../result.ts'
import { Checking } from '../checking.ts'
import { portSymbol, selectSymbol } from '../handle.ts'
import type { Receiver } from '../receiver.ts'
import { type Task, taskOf } from './task.ts'

/** What comes out of the channel: an item, or why there is none. */
export type Arrival<Item> = Result<Task<Item>, Error>

/**
 * Takes items out of a channel, each when somebody is there to deal with it and never in advance.
 *
 * One receiver for all workers: what an engine has fetched in advance can be taken by whichever is free, and none of it lies before one that is busy.
 */
export class Intake<Item> {
  readonly #receiver: Receiver<unknown>
  readonly #source: ReturnType<Receiver<unknown>[typeof selectSymbol]>
  readonly #acknowledged: boolean
  #leave: (() => void) | undefined
  #isWaiting = false

  /** Makes a receiver of its own. */
  constructor(receiver: Receiver<unknown>) {
    this.#receiver = receiver.clone()
    this.#source = this.#receiver[selectSymbol]()
    this.#acknowledged = receiver[portSymbol].acknowledged
  }

  /** Items in the channel, from whoever holds it. */
  async waiting(): Promise<number> {
    return (await this.#receiver.stats()).length
  }

  /** Whether nothing will ever come again. */
  get isClosed(): boolean {
    return this.#receiver.isClosed
  }

  /** What is there now. */
  take(): Arrival<Item> | undefined {
    return this.#source.ready() ? this.#arrival(this.#source.take()) : undefined
  }

  /** Waits for the next one, in line with all who receive. Once at a time. `arrived` must not run anybody's code: a sender may stand on the stack. */
  wait(arrived: (arrival: Arrival<Item>) => void): void {
    if (this.#isWaiting) return
    this.#isWaiting = true
    const leave = this.#source.park((outcome) => {
      this.#isWaiting = false
      this.#leave = undefined
      arrived(this.#arrival(outcome))
    })
    // It may have been served at once.
    if (this.#isWaiting) this.#leave = leave
  }

  /** Stops waiting. Nothing is taken. */
  leave(): void {
    this.#isWaiting = false
    this.#leave?.()
    this.#leave = undefined
  }

  /** Gives back what was taken and not acknowledged. */
  async close(): Promise<void> {
    this.leave()
    await this.#receiver.close()
  }

  #arrival(outcome: Result<unknown, ChannelClosed>): Arrival<Item> {
    if (outcome.ok) return { ok: true, value: taskOf<Item>(outcome.value, this.#acknowledged) }
    return outcome.error instanceof Checking ? this.#refuse(outcome.error) : outcome
  }

  /** A worker is there for what has been taken, and not for what may turn out to be nothing. */
  #refuse(checking: Checking): Arrival<Item> {
    if (this.#acknowledged) {
      void checking.outcome.then((checked) => {
        if (checked.ok) (checked.value as Delivery<unknown>).nack()
      })
    }
    return failed(new TypeError("the channel's schema is asynchronous: a pool can not wait for it"))
  }
}
