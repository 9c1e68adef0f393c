import type { ChannelClosed } from '../errors.ts'
import { done, failed, type Result } from '../result.ts'
import { closedReceiver, noSender, refusal } from './closures.ts'
import { Holders } from './holders.ts'
import type { OutcomeWaiter, Waitable } from './waitable.ts'
import { Waiter, WaiterList } from './waiters.ts'

/** What waiting for a change can bring. */
export type ChangeOutcome = Result<void, ChannelClosed>

/**
 * The latest value, and a version that counts how often it was replaced.
 *
 * Source of the semantics: tokio's `watch`.
 */
export class Watch<T> {
  readonly observers = new Holders(0)
  readonly #waiting = new WaiterList<Observer<T>>()
  #value: T
  #version = 0
  #senders = 1

  /** Starts with one sender and no observer. */
  constructor(initial: T) {
    this.#value = initial
  }

  get value(): T {
    return this.#value
  }

  get version(): number {
    return this.#version
  }

  get isEnded(): boolean {
    return this.#senders === 0
  }

  send(value: T): void {
    this.#value = value
    this.#version++
    this.#wake()
  }

  /** A new observer, which has seen all up to `version`. */
  observe(version: number = this.#version): Observer<T> {
    this.observers.add()
    return new Observer(this, version)
  }

  addSender(): void {
    this.#senders++
  }

  removeSender(): void {
    this.#senders--
    if (this.#senders === 0) this.#wake()
  }

  wait(observer: Observer<T>): void {
    if (observer.list === undefined) this.#waiting.push(observer)
  }

  stopWaiting(observer: Observer<T>): void {
    this.#waiting.remove(observer)
  }

  #wake(): void {
    for (let observer = this.#waiting.shift(); observer !== undefined; observer = this.#waiting.shift()) observer.wake()
  }
}

/** What one receiver has seen. */
export class Observer<T> extends Waiter implements Waitable<ChangeOutcome> {
  readonly #watch: Watch<T>
  readonly #waiters = new WaiterList<OutcomeWaiter<ChangeOutcome>>()
  #seen: number
  #open = true

  constructor(watch: Watch<T>, seen: number) {
    super()
    this.#watch = watch
    this.#seen = seen
  }

  get isClosed(): boolean {
    return !this.#open || (this.#watch.isEnded && !this.hasChanged)
  }

  get hasChanged(): boolean {
    return this.#open && this.#seen !== this.#watch.version
  }

  get value(): T {
    if (!this.#open) throw this.#refusal()
    return this.#watch.value
  }

  markSeen(): T {
    this.#seen = this.#watch.version
    return this.value
  }

  ready(): boolean {
    return this.hasChanged || this.isClosed
  }

  take(): ChangeOutcome {
    if (!this.hasChanged) return failed(this.#refusal())
    this.#seen = this.#watch.version
    return done
  }

  park(waiter: OutcomeWaiter<ChangeOutcome>): void {
    this.#waiters.push(waiter)
    this.#watch.wait(this)
  }

  unpark(waiter: OutcomeWaiter<ChangeOutcome>): void {
    if (this.#waiters.remove(waiter) && this.#waiters.length === 0) this.#watch.stopWaiting(this)
  }

  /** Something changed, or nothing will any more: settles all that wait. */
  wake(): void {
    const changed = this.hasChanged
    if (changed) this.#seen = this.#watch.version
    for (let waiter = this.#waiters.shift(); waiter !== undefined; waiter = this.#waiters.shift()) {
      waiter.settle(changed ? done : failed(this.#refusal()))
    }
  }

  /** An observer that has seen exactly as much. */
  fork(): Observer<T> {
    if (!this.#open) throw this.#refusal()
    return this.#watch.observe(this.#seen)
  }

  subscribe(): Observer<T> {
    if (!this.#open) throw this.#refusal()
    return this.#watch.observe()
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    this.#watch.stopWaiting(this)
    this.wake()
    this.#watch.observers.remove()
  }

  #refusal(): ChannelClosed {
    return refusal(this.#open ? noSender : closedReceiver)
  }
}
