import { RayError } from '../../../errors.ts'
import { answerLength, type HelloAnswer, readAnswer, refusal, startsLikeAnswer } from './hello.ts'
import type { Lane, LaneFactory, LaneListener } from './lane.ts'

/** A lane whose agent has answered; or why it does not want the connection, whatever lane it comes on. */
export type Handshake = Welcome | { readonly t: 'refused'; readonly error: RayError }

/** A lane that is ready for frames. */
export interface Welcome {
  readonly t: 'welcome'
  /** Bytes of this side's stream that the agent has. */
  readonly received: number
  readonly lane: Lane
  /** Has the lane's listener replaced, which first hears what came in meanwhile. */
  adopt(listener: LaneListener): void
}

/** Somebody listens, and does not answer: a process that is busy, or stopped. Whoever has ended listens no more. */
export class SilentPeerError extends RayError {}

export interface HandshakeOptions {
  /** Milliseconds until the agent must have answered. */
  readonly deadline: number
  /** Milliseconds for the answer alone, once the lane is open. Default: what is left of the deadline. */
  readonly answerWithin?: number | undefined
  /** Whether the attempt keeps the event loop alive. */
  readonly keepAlive: boolean
  readonly signal: AbortSignal
}

/**
 * Opens a lane and says hello.
 *
 * @throws {RayError} when there is no way through, what answers is no agent, or the deadline is over: another attempt may succeed
 * @throws the signal's reason once it aborts
 */
export async function shakeHands(
  factory: LaneFactory,
  hello: Uint8Array,
  options: HandshakeOptions,
): Promise<Handshake> {
  const { deadline, signal } = options
  signal.throwIfAborted()
  const controller = new AbortController()
  const abort = () => controller.abort(signal.reason)
  signal.addEventListener('abort', abort)
  let isOpen = false
  const limit = (milliseconds: number) => {
    const timer = setTimeout(() => {
      const Failure = isOpen ? SilentPeerError : RayError
      controller.abort(new Failure(`the agent did not answer within ${milliseconds} ms (${factory.kind} lane)`))
    }, milliseconds)
    if (!options.keepAlive) timer.unref()
    return timer
  }
  let timer = limit(deadline)
  try {
    const lane = await factory.open(controller.signal)
    isOpen = true
    if (options.answerWithin !== undefined) {
      clearTimeout(timer)
      timer = limit(options.answerWithin)
    }
    return await greet(lane, hello, controller.signal)
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', abort)
  }
}

/** Owns the lane until somebody adopts it. */
function greet(lane: Lane, hello: Uint8Array, signal: AbortSignal): Promise<Handshake> {
  return new Promise((resolve, reject) => {
    let bytes = new Uint8Array(0)
    let closed: { readonly reason: Error | undefined } | undefined
    let settled = false
    const settle = (): void => {
      settled = true
      signal.removeEventListener('abort', abort)
    }
    const fail = (error: unknown): void => {
      settle()
      lane.destroy()
      reject(error)
    }
    const abort = (): void => fail(signal.reason)
    const answered = (answer: HelloAnswer): void => {
      settle()
      const error = refusal(answer)
      if (error !== undefined) {
        lane.destroy()
        resolve({ t: 'refused', error })
        return
      }
      bytes = bytes.subarray(answerLength)
      resolve({ t: 'welcome', received: answer.received, lane, adopt })
    }
    const adopt = (listener: LaneListener): void => {
      lane.start(listener)
      if (bytes.length > 0) listener.data(bytes)
      if (closed !== undefined) listener.closed(closed.reason)
    }
    if (signal.aborted) return abort()
    signal.addEventListener('abort', abort)
    lane.start({
      data(more) {
        bytes = bytes.length === 0 ? (more as Uint8Array<ArrayBuffer>) : concatenated(bytes, more)
        if (settled) return
        if (!startsLikeAnswer(bytes)) return fail(noAgent())
        if (bytes.length < answerLength) return
        const answer = readAnswer(bytes)
        if (answer === undefined) fail(noAgent())
        else answered(answer)
      },
      // Whoever adopts the lane asks first whether it is writable.
      drained() {},
      closed(reason) {
        closed = { reason }
        if (!settled) fail(reason ?? new RayError('the connection to the agent was closed before it had answered'))
      },
    })
    lane.write(hello)
  })
}

function noAgent(): RayError {
  return new RayError('what answers at the address of the agent is no agent of klaw')
}

function concatenated(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(first.length + second.length)
  bytes.set(first)
  bytes.set(second, first.length)
  return bytes
}
