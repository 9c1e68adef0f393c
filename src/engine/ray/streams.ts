import type { Connection } from '../../wire/connection.ts'
import type { Held } from './arrival-context.ts'
import type { RayClient } from './client.ts'
import type { RayObjects } from './objects.ts'
import { requestWith } from './requests.ts'
import { Share } from './share.ts'

/** Generators of actors and tasks in the cluster, as their reader sees them. */
export class RayStreams {
  readonly #client: RayClient
  readonly #objects: RayObjects

  constructor(client: RayClient, objects: RayObjects) {
    this.#client = client
    this.#objects = objects
  }

  /**
   * Calls a generator. Never throws: what goes wrong comes from the first step.
   *
   * @param source what is called, in the words of the request
   * @param callee held for as long as somebody reads
   */
  open(source: object, args: readonly unknown[], callee?: Held): AsyncIterableIterator<unknown> {
    const { connection, releases } = this.#client
    const share = new Share(this.#client.nextNumber(), 1)
    const { number } = share
    const opening = requestWith(connection, this.#objects, 'stream.open', args, (passed) => ({
      number,
      ...source,
      args: passed,
    }))
    callee?.retain()
    return new RayIterator(
      new Reading(connection, number, opening, () => {
        releases.add(share)
        callee?.release()
      }),
    )
  }

  /** A generator that could not be called. */
  failed(error: unknown): AsyncIterableIterator<unknown> {
    return new RayIterator(new Reading(this.#client.connection, 0, Promise.reject(error), () => {}))
  }
}

const finished: IteratorResult<never, undefined> = { done: true, value: undefined }

class RayIterator implements AsyncIterableIterator<unknown> {
  readonly #reading: Reading

  constructor(reading: Reading) {
    this.#reading = reading
    collected.register(this, reading, this)
  }

  next(): Promise<IteratorResult<unknown, undefined>> {
    return this.#reading.step(() => this.#reading.next())
  }

  return(): Promise<IteratorResult<unknown, undefined>> {
    return this.#reading.step(() => this.#reading.close())
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}

/** A reader who just forgets about the generator must not keep it for ever. */
const collected = new FinalizationRegistry<Reading>((reading) => reading.abandon())

/** The reader's side of one generator: its steps, one after the other. */
class Reading {
  readonly #connection: Connection
  readonly #number: number
  readonly #opening: Promise<unknown>
  readonly #ended: () => void
  #last: Promise<unknown>
  #over = false

  constructor(connection: Connection, number: number, opening: Promise<unknown>, ended: () => void) {
    this.#connection = connection
    this.#number = number
    this.#opening = opening
    this.#ended = ended
    // A generator that could not be called ends the reading; the first step says why.
    this.#last = opening.catch(() => {})
  }

  /** Runs a step behind those before it. */
  step(run: () => Promise<IteratorResult<unknown, undefined>>): Promise<IteratorResult<unknown, undefined>> {
    // At once: somebody waits, also while the generator is called and while other steps go on.
    this.#connection.hold()
    const outcome = this.#last
      .then(async () => {
        if (this.#over) return finished
        try {
          await this.#opening
          return await run()
        } catch (error) {
          this.#end()
          throw error
        }
      })
      .finally(() => this.#connection.release())
    this.#last = outcome.catch(() => {})
    return outcome
  }

  async next(): Promise<IteratorResult<unknown, undefined>> {
    const step = (await this.#connection.request('stream.next', this.#number)) as IteratorResult<unknown>
    if (step.done !== true) return { done: false, value: step.value }
    this.#end()
    return finished
  }

  async close(): Promise<IteratorResult<unknown, undefined>> {
    await this.#connection.request('stream.close', this.#number)
    this.#end()
    return finished
  }

  abandon(): void {
    if (this.#over || this.#connection.lost !== undefined) return
    this.step(() => this.close()).catch(() => {
      // Nobody reads any more, so nobody is left to tell.
    })
  }

  #end(): void {
    if (this.#over) return
    this.#over = true
    this.#ended()
  }
}
