import { RayError } from '../../../errors.ts'
import { shakeHands, type Welcome } from './handshake.ts'
import { type Identity, writeHello } from './hello.ts'
import type { LaneFactory, LaneKind } from './lane.ts'
import type { LaneSource, LostLane } from './lane-source.ts'
import { pause } from './pause.ts'

/** Seconds for which an agent keeps a connection that does not say for how long. */
const usualGrace = 30
/** Milliseconds for one attempt to reconnect, and between two of them. */
const attemptDeadline = 5_000
const shortestPause = 50
const longestPause = 2_000

export interface DiallingOptions {
  readonly factory: LaneFactory
  readonly identity: Identity
  /** Milliseconds for the first lane and the agent's welcome on it. */
  readonly deadline: number
  readonly signal?: AbortSignal | undefined
}

/** Lanes that this side opens, one after the other, for as long as the other side keeps the connection. */
export class DialledLanes implements LaneSource {
  readonly peer = 'the agent'
  readonly asks = true
  readonly #factory: LaneFactory
  readonly #identity: Identity

  /**
   * Opens the first lane.
   *
   * @throws {RayError} why there is no connection: no way through, no agent there, refused, the deadline is over
   * @throws the signal's reason once it aborts
   */
  static async connect(
    options: DiallingOptions,
  ): Promise<{ readonly source: DialledLanes; readonly welcome: Welcome }> {
    const { factory, identity, deadline } = options
    const signal = options.signal ?? new AbortController().signal
    const handshake = await shakeHands(factory, writeHello(identity, false, 0), { deadline, keepAlive: true, signal })
    if (handshake.t === 'refused') throw handshake.error
    return { source: new DialledLanes(factory, identity), welcome: handshake }
  }

  private constructor(factory: LaneFactory, identity: Identity) {
    this.#factory = factory
    this.#identity = identity
  }

  get kind(): LaneKind {
    return this.#factory.kind
  }

  async next({ received, reason, flaps }: LostLane, signal: AbortSignal): Promise<Welcome> {
    const grace = this.#identity.grace || usualGrace
    const deadline = performance.now() + grace * 1_000
    const hello = writeHello(this.#identity, true, received)
    let failure: unknown = reason
    // The first attempt is made at once, unless lanes break as soon as they are there.
    for (let attempt = Math.max(flaps - 1, 0); ; attempt++) {
      if (attempt > 0) await pause(Math.min(shortestPause * 2 ** (attempt - 1), longestPause), signal)
      signal.throwIfAborted()
      const left = deadline - performance.now()
      if (left <= 0) break
      const handshake = await this.#attempt(hello, Math.min(attemptDeadline, left), signal)
      if (handshake instanceof Error) failure = handshake
      else if (handshake.t === 'welcome') return handshake
      else throw handshake.error
    }
    throw new RayError(`the connection to the agent was lost and could not be resumed within ${grace} seconds`, {
      cause: failure,
    })
  }

  /** Says hello on another lane; an error is why there is none for now. */
  async #attempt(hello: Uint8Array, deadline: number, signal: AbortSignal) {
    try {
      return await shakeHands(this.#factory, hello, { deadline, keepAlive: false, signal })
    } catch (error) {
      signal.throwIfAborted()
      return error as Error
    }
  }
}
