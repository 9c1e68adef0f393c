import type { ChannelClosed } from '../errors.ts'
import { done, failed, type Result, success } from '../result.ts'
import type { Clock } from './clock.ts'
import { closedSender, refusal } from './closures.ts'
import type { WaitOptions, WatchReceivePort, WatchSendPort } from './ports.ts'
import type { SelectSource } from './select.ts'
import { sourceOf, waitFor } from './waitable.ts'
import type { Observer, Watch } from './watch.ts'

/** The sending end of a {@link Watch} in this process. */
export class LocalWatchSendPort<T> implements WatchSendPort<T> {
  readonly #watch: Watch<T>
  readonly #clock: Clock
  #open = true

  /** Takes over one count of the senders. */
  constructor(watch: Watch<T>, clock: Clock) {
    this.#watch = watch
    this.#clock = clock
  }

  get receiverCount(): number {
    return this.#watch.observers.count
  }

  get isClosed(): boolean {
    return !this.#open
  }

  borrow(): T {
    if (!this.#open) throw refusal(closedSender)
    return this.#watch.value
  }

  send(value: T): Result<void, ChannelClosed> {
    if (!this.#open) return failed(refusal(closedSender, value))
    this.#watch.send(value)
    return done
  }

  update(change: (value: T) => T): Result<void, ChannelClosed> {
    if (!this.#open) return failed(refusal(closedSender))
    return this.send(change(this.#watch.value))
  }

  subscribe(): LocalWatchReceivePort<T> {
    if (!this.#open) throw refusal(closedSender)
    return new LocalWatchReceivePort(this.#watch.observe(), this.#clock)
  }

  closed(options: WaitOptions | undefined): Promise<void> {
    return this.#open ? this.#watch.observers.gone(this, options, this.#clock) : Promise.resolve()
  }

  clone(): LocalWatchSendPort<T> {
    if (!this.#open) throw refusal(closedSender)
    this.#watch.addSender()
    return new LocalWatchSendPort(this.#watch, this.#clock)
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    this.#watch.observers.stopAsking(this)
    this.#watch.removeSender()
  }
}

/** One receiver of a {@link Watch} in this process. */
export class LocalWatchReceivePort<T> implements WatchReceivePort<T> {
  readonly #observer: Observer<T>
  readonly #clock: Clock

  constructor(observer: Observer<T>, clock: Clock) {
    this.#observer = observer
    this.#clock = clock
  }

  get isClosed(): boolean {
    return this.#observer.isClosed
  }

  borrow(): T {
    return this.#observer.value
  }

  hasChanged(): boolean {
    return this.#observer.hasChanged
  }

  markSeen(): T {
    return this.#observer.markSeen()
  }

  changed(options: WaitOptions | undefined): Promise<void> {
    return waitFor(this.#observer, options, this.#clock, 'changed')
  }

  changedSource(): SelectSource<Result<T, ChannelClosed>> {
    const observer = this.#observer
    const source = sourceOf(observer)
    const withValue = (outcome: Result<void, ChannelClosed>) => (outcome.ok ? success(observer.value) : outcome)
    return {
      ready: () => source.ready(),
      take: () => withValue(source.take()),
      park: (win) => source.park((outcome) => win(withValue(outcome))),
    }
  }

  subscribe(): LocalWatchReceivePort<T> {
    return new LocalWatchReceivePort(this.#observer.subscribe(), this.#clock)
  }

  clone(): LocalWatchReceivePort<T> {
    return new LocalWatchReceivePort(this.#observer.fork(), this.#clock)
  }

  close(): void {
    this.#observer.close()
  }
}
