import type { SelectSource } from '../core/select.ts'
import { ChannelClosed } from '../errors.ts'
import type { Result } from '../result.ts'

/** Steps that nobody has asked for take nothing, so leaving the loop loses nothing. */
export class ReceiveIterator<T> implements AsyncIterableIterator<T, undefined> {
  readonly #source: SelectSource<Result<T, Error>>
  readonly #skip: ((error: Error) => boolean) | undefined
  #waiting: Set<() => void> | undefined
  #over = false

  /** It ends when the channel has closed and fails with any other error, except those that `skip` answers with true. */
  constructor(source: SelectSource<Result<T, Error>>, skip?: (error: Error) => boolean) {
    this.#source = source
    this.#skip = skip
  }

  next(): Promise<IteratorResult<T, undefined>> {
    while (!this.#over && this.#source.ready()) {
      const outcome = this.#source.take()
      if (outcome.ok) return Promise.resolve({ done: false, value: outcome.value })
      if (outcome.error instanceof ChannelClosed) return Promise.resolve(end)
      if (!this.#isSkipped(outcome.error)) return Promise.reject(outcome.error)
    }
    if (this.#over) return Promise.resolve(end)
    return new Promise((resolve, reject) => this.#wait(resolve, reject))
  }

  /** Ends the steps that wait. */
  return(): Promise<IteratorReturnResult<undefined>> {
    this.#over = true
    for (const leave of this.#waiting ?? []) leave()
    return Promise.resolve(end)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #wait(resolve: (step: IteratorResult<T, undefined>) => void, reject: (error: Error) => void): void {
    this.#waiting ??= new Set()
    const waiting = this.#waiting
    const unpark = this.#source.park((outcome) => {
      waiting.delete(leave)
      if (outcome.ok) resolve({ done: false, value: outcome.value })
      else if (outcome.error instanceof ChannelClosed) resolve(end)
      else if (this.#isSkipped(outcome.error)) this.next().then(resolve, reject)
      else reject(outcome.error)
    })
    const leave = () => {
      waiting.delete(leave)
      unpark()
      resolve(end)
    }
    waiting.add(leave)
  }

  #isSkipped(error: Error): boolean {
    return this.#skip?.(error) ?? false
  }
}

const end: IteratorReturnResult<undefined> = { done: true, value: undefined }
