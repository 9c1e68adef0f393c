import { RayError } from '../../../errors.ts'
import { SilentPeerError, shakeHands, type Welcome } from './handshake.ts'
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
  /**
   * The other side may be busy for as long as it likes: while it is silent its lane is kept, and this called from time to time, for somebody may know that
   * it is gone. Absent: silence means that the lane is lost.
   */
  readonly onSilent?: (() => void) | undefined
}

/** Milliseconds that the answer of somebody who may be busy is waited for in one attempt. */
const busyPatience = 60_000

/** Lanes that this side opens, one after the other, for as long as the other side keeps the connection. */
export class DialledLanes implements LaneSource {
  readonly peer = 'the agent'
  readonly asks = true
  readonly #factory: LaneFactory
  readonly #identity: Identity
  /** See {@link DiallingOptions.onSilent}. */
  readonly silent: (() => void) | undefined

  /**
   * Opens the first lane.
   *
   * @throws {RayError} why there is no connection: no way through, no agent there, refused, the deadline is over
   * @throws the signal's reason once it aborts
   */
  static async connect(
    options: DiallingOptions,
  ): Promise<{ readonly source: DialledLanes; readonly welcome: Welcome }> {
    const { factory, identity, deadline, onSilent } = options
    const signal = options.signal ?? new AbortController().signal
    const source = new DialledLanes(factory, identity, onSilent)
    const limits = { deadline, answerWithin: source.#answerWithin, keepAlive: true, signal }
    const handshake = await shakeHands(factory, writeHello(identity, false, 0), limits)
    if (handshake.t === 'refused') throw handshake.error
    return { source, welcome: handshake }
  }

  private constructor(factory: LaneFactory, identity: Identity, silent: (() => void) | undefined) {
    this.#factory = factory
    this.#identity = identity
    this.silent = silent
  }

  get #answerWithin(): number | undefined {
    return this.silent === undefined ? undefined : busyPatience
  }

  get kind(): LaneKind {
    return this.#factory.kind
  }

  async next({ received, reason, flaps }: LostLane, signal: AbortSignal): Promise<Welcome> {
    const grace = this.#identity.grace || usualGrace
    let deadline = performance.now() + grace * 1_000
    const hello = writeHello(this.#identity, true, received)
    let failure: unknown = reason
    // The first attempt is made at once, unless lanes break as soon as they are there.
    for (let attempt = Math.max(flaps - 1, 0); ; attempt++) {
      if (attempt > 0) await pause(Math.min(shortestPause * 2 ** (attempt - 1), longestPause), signal)
      signal.throwIfAborted()
      const left = deadline - performance.now()
      if (left <= 0) break
      const handshake = await this.#attempt(hello, Math.min(attemptDeadline, left), signal)
      if (handshake instanceof SilentPeerError && this.silent !== undefined) {
        // Who is busy does not count the time either.
        deadline = performance.now() + grace * 1_000
        this.silent()
      } else if (handshake instanceof Error) failure = handshake
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
      const answerWithin = this.#answerWithin
      return await shakeHands(this.#factory, hello, { deadline, answerWithin, keepAlive: false, signal })
    } catch (error) {
      signal.throwIfAborted()
      return error as Error
    }
  }
}
