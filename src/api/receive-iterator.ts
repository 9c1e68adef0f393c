import type { SelectSource } from '../core/select.ts'
import { ChannelClosed } from '../errors.ts'
import type { Result } from '../result.ts'
import { Checking } from './checking.ts'

type Step<T> = IteratorResult<T, undefined>

/** Steps that nobody has asked for take nothing, so leaving the loop loses nothing. */
export class ReceiveIterator<T> implements AsyncIterableIterator<T, undefined> {
  readonly #source: SelectSource<Result<T, Error>>
  readonly #skip: ((error: Error) => boolean) | undefined
  /** The step that waits. Those that are asked for meanwhile wait for it, as with a generator. */
  #pending: Promise<Step<T>> | undefined
  #resolve: (step: Step<T> | Promise<Step<T>>) => void = nobody
  #leave: (() => void) | undefined
  #over = false

  // Made once, since a loop that waits for each value would make them anew each time.
  readonly #begin = (resolve: (step: Step<T> | Promise<Step<T>>) => void) => {
    this.#resolve = resolve
  }
  readonly #win = (outcome: Result<T, Error>) => {
    const resolve = this.#stopWaiting()
    resolve(this.#step(outcome))
  }
  readonly #next = () => this.next()

  /** It ends when the channel has closed and fails with any other error, except those that `skip` answers with true. */
  constructor(source: SelectSource<Result<T, Error>>, skip?: (error: Error) => boolean) {
    this.#source = source
    this.#skip = skip
  }

  next(): Promise<Step<T>> {
    if (this.#pending !== undefined) return this.#pending.then(this.#next, this.#next)
    if (this.#over) return Promise.resolve(end)
    if (this.#source.ready()) return Promise.resolve(this.#step(this.#source.take()))
    const pending = new Promise<Step<T>>(this.#begin)
    this.#pending = pending
    const leave = this.#source.park(this.#win)
    // It may have been served at once.
    if (this.#pending === pending) this.#leave = leave
    return pending
  }

  /** Ends the step that waits. */
  return(): Promise<IteratorReturnResult<undefined>> {
    this.#over = true
    if (this.#pending !== undefined) {
      this.#leave?.()
      this.#stopWaiting()(end)
    }
    return Promise.resolve(end)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** Returns what settles the step that waited. */
  #stopWaiting(): (step: Step<T> | Promise<Step<T>>) => void {
    this.#pending = undefined
    this.#leave = undefined
    const resolve = this.#resolve
    // It would keep the value.
    this.#resolve = nobody
    return resolve
  }

  #step(outcome: Result<T, Error>): Step<T> | Promise<Step<T>> {
    if (outcome.ok) return { done: false, value: outcome.value }
    if (outcome.error instanceof ChannelClosed) return end
    if (outcome.error instanceof Checking) {
      return (outcome.error.outcome as Promise<Result<T, Error>>).then((checked) => this.#step(checked))
    }
    if (this.#skip?.(outcome.error) !== true) return Promise.reject(outcome.error)
    return this.next()
  }
}

const nobody = () => {}
const end: IteratorReturnResult<undefined> = { done: true, value: undefined }
