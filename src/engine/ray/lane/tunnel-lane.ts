import { RingBuffer } from '../../../core/ring-buffer.ts'
import { RayError } from '../../../errors.ts'
import type { Lane, LaneFactory, LaneListener } from './lane.ts'

/** Carries bytes to the agent and brings some from it: `Bootstrap.exchange`. */
export type Exchange = (number: number, bytes: Uint8Array, wait: boolean) => Promise<Uint8Array>

/** Calls of one tunnel have numbers of their own, so that none is taken for one of the tunnel before it. */
const numbersPerTunnel = 2 ** 32
/** Calls that wait for the agent to say something: one that does, and one that asks for the answer of what it brings. */
const mostWaiting = 2
/** As long as answers are large, so many wait that bring nothing: the next one is there when one is on its way. */
const mostListening = 2
const largeAnswer = 64 * 1024
/** Calls under way that bring something and do not wait. */
const mostBringing = 3
/**
 * While one brings something, another one does so only with as many bytes. A call costs the cluster as much as copying a megabyte, whatever is in it: four
 * processes pass six messages, and Ray runs a task.
 */
const worthACall = 1024 * 1024
/** Bytes that one call carries, give or take a chunk. */
const largestCall = 2 * 1024 * 1024
/** Bytes that may wait for a call. */
const mostBuffered = 1024 * 1024
/** Milliseconds within which an empty answer means that the agent did not wait. */
const hasty = 1_000
const shortestPause = 10
const longestPause = 1_000

/** Lanes inside of calls of the agent, for where its port can not be reached. */
export function tunnelLanes(exchange: Exchange): LaneFactory {
  let opened = 0
  return {
    kind: 'tunnel',
    async open(signal) {
      signal.throwIfAborted()
      return new TunnelLane(exchange, opened++ * numbersPerTunnel)
    },
  }
}

/**
 * A stream of bytes in numbered calls. What is written while enough calls are under way goes with the next one; some call always waits at the agent, so that
 * it can speak whenever it likes. A call that fails ends the lane: whether its bytes have arrived, the next hello tells.
 */
class TunnelLane implements Lane {
  readonly #exchange: Exchange
  readonly #written = new RingBuffer<Uint8Array>()
  #writtenBytes = 0
  #full = false
  /** Answers that came before those of earlier calls. */
  readonly #answers = new Map<number, Uint8Array>()
  #nextCall: number
  #nextAnswer: number
  #waiting = 0
  #bringing = 0
  #wantedListening = 1
  #listener: LaneListener | undefined
  #ending = false
  #closed = false
  #scheduled = false
  /** After answers that came empty at once the next empty call has to wait. */
  #pause = 0
  #pauseTimer: NodeJS.Timeout | undefined

  constructor(exchange: Exchange, firstNumber: number) {
    this.#exchange = exchange
    this.#nextCall = firstNumber
    this.#nextAnswer = firstNumber
  }

  get writable(): boolean {
    if (this.#writtenBytes < mostBuffered) return true
    this.#full = true
    return false
  }

  start(listener: LaneListener): void {
    this.#listener = listener
  }

  write(bytes: Uint8Array): void {
    if (this.#closed || this.#ending) return
    this.#written.pushBack(bytes)
    this.#writtenBytes += bytes.byteLength
    if (this.#scheduled) return
    // What is written in one go shares a call.
    this.#scheduled = true
    queueMicrotask(() => {
      this.#scheduled = false
      this.#send()
    })
  }

  end(): void {
    this.#listener = undefined
    this.#ending = true
    this.#send()
  }

  destroy(): void {
    this.#closed = true
    this.#listener = undefined
    this.#written.clear()
    this.#writtenBytes = 0
    this.#answers.clear()
    clearTimeout(this.#pauseTimer)
  }

  #send(): void {
    while (!this.#closed && this.#written.length > 0) {
      const wait = !this.#ending && this.#waiting < mostWaiting
      if (!wait && !this.#mayBring) break
      void this.#call(this.#collect(), wait)
    }
    if (this.#closed) return
    if (this.#ending) {
      if (this.#written.length === 0) this.destroy()
      return
    }
    this.#listen()
    if (this.#full && this.#writtenBytes < mostBuffered) {
      this.#full = false
      this.#listener?.drained()
    }
  }

  get #mayBring(): boolean {
    return this.#bringing === 0 || (this.#bringing < mostBringing && this.#writtenBytes >= worthACall)
  }

  /** Sees to it that a call waits at the agent. */
  #listen(): void {
    // The hello has to be the first that the agent gets.
    if (this.#nextCall % numbersPerTunnel === 0 || this.#pauseTimer !== undefined) return
    if (this.#waiting >= this.#wantedListening) return
    if (this.#pause === 0) {
      while (this.#waiting < this.#wantedListening) void this.#call(empty, true)
      return
    }
    this.#pauseTimer = setTimeout(() => {
      this.#pauseTimer = undefined
      if (this.#waiting === 0) void this.#call(empty, true)
    }, this.#pause)
    this.#pauseTimer.unref()
  }

  /** Takes what one call can carry of what was written. */
  #collect(): Uint8Array {
    const parts: Uint8Array[] = []
    let length = 0
    while (length < largestCall) {
      const part = this.#written.popFront()
      if (part === undefined) break
      parts.push(part)
      length += part.byteLength
    }
    this.#writtenBytes -= length
    if (parts.length === 1) return parts[0] as Uint8Array
    const bytes = new Uint8Array(length)
    let position = 0
    for (const part of parts) {
      bytes.set(part, position)
      position += part.byteLength
    }
    return bytes
  }

  async #call(bytes: Uint8Array, wait: boolean): Promise<void> {
    const number = this.#nextCall++
    const started = performance.now()
    if (wait) this.#waiting++
    else this.#bringing++
    try {
      const answer = await this.#exchange(number, bytes, wait)
      if (wait) this.#waiting--
      else this.#bringing--
      if (this.#closed) return
      this.#adapt(answer.byteLength, wait && bytes.byteLength === 0 && performance.now() - started < hasty)
      this.#answered(number, answer)
      this.#send()
    } catch (error) {
      this.#fail(error)
    }
  }

  /** `quick`: a call that could wait did not. */
  #adapt(length: number, quick: boolean): void {
    // While little comes, one is enough; the second comes and goes with what is written.
    if (length >= largeAnswer) this.#wantedListening = mostListening
    else if (length === 0) this.#wantedListening = 1
    if (length > 0) this.#pause = 0
    else if (quick) this.#pause = Math.min(Math.max(this.#pause * 2, shortestPause), longestPause)
  }

  #answered(number: number, answer: Uint8Array): void {
    this.#answers.set(number, answer)
    for (;;) {
      const next = this.#answers.get(this.#nextAnswer)
      if (next === undefined) return
      this.#answers.delete(this.#nextAnswer++)
      if (next.byteLength > 0) this.#listener?.data(next)
    }
  }

  #fail(error: unknown): void {
    if (this.#closed) return
    const listener = this.#listener
    this.destroy()
    const message = error instanceof Error ? error.message : String(error)
    listener?.closed(new RayError(`a call that carries bytes to the agent failed: ${message}`, { cause: error }))
  }
}

const empty = new Uint8Array(0)
