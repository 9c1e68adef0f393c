import type { Lane, LaneFactory, LaneListener } from '../../../src/engine/ray/lane/lane.ts'
import type { AgentSide, Pipe } from './agent-side.ts'

/** When a lane breaks: once so many bytes have arrived at the agent, or at the client. */
export interface Cut {
  readonly up?: number
  readonly down?: number
}

/** Lanes without a network. Bytes arrive a moment later, in pieces if wanted, or never once the lane is cut. */
export class MemoryLanes implements LaneFactory {
  readonly kind = 'direct'
  /** Of the lanes in the order of their opening; those beyond are not cut. */
  cuts: readonly Cut[] = []
  /** Sizes of the pieces in turn; none: as they were written. */
  pieces: readonly number[] = []
  /** Instead of opening, fail with it. */
  failure: Error | undefined
  /** Bytes go nowhere, and nobody says so. */
  dead = false
  readonly opened: MemoryLane[] = []
  readonly agent: AgentSide

  constructor(agent: AgentSide) {
    this.agent = agent
  }

  async open(signal: AbortSignal): Promise<Lane> {
    signal.throwIfAborted()
    if (this.failure !== undefined) throw this.failure
    const lane = new MemoryLane(this, this.cuts[this.opened.length] ?? {})
    this.opened.push(lane)
    return lane
  }

  get last(): MemoryLane {
    return this.opened.at(-1) as MemoryLane
  }
}

class MemoryLane implements Lane {
  readonly writable = true
  readonly #lanes: MemoryLanes
  readonly #cut: Cut
  readonly #pipe: Pipe
  readonly #toAgent: (bytes: Uint8Array) => void
  #listener: LaneListener | undefined
  #up = 0
  #down = 0
  #pieces = 0
  #over = false

  constructor(lanes: MemoryLanes, cut: Cut) {
    this.#lanes = lanes
    this.#cut = cut
    this.#pipe = {
      send: (bytes) => this.#later(bytes, (piece) => this.#arrive(piece)),
      end: () => queueMicrotask(() => this.break()),
    }
    this.#toAgent = lanes.agent.accept(this.#pipe)
  }

  start(listener: LaneListener): void {
    this.#listener = listener
  }

  write(bytes: Uint8Array): void {
    this.#later(bytes, (piece) => this.#leave(piece))
  }

  end(): void {
    this.#listener = undefined
    queueMicrotask(() => queueMicrotask(() => this.destroy()))
  }

  destroy(): void {
    this.#listener = undefined
    this.break()
  }

  /** The lane breaks, and both sides notice. */
  break(): void {
    if (this.#over) return
    this.#over = true
    this.#lanes.agent.lost(this.#pipe)
    queueMicrotask(() => this.#listener?.closed(undefined))
  }

  #later(bytes: Uint8Array, deliver: (piece: Uint8Array) => void): void {
    const copy = bytes.slice()
    queueMicrotask(() => {
      const { pieces } = this.#lanes
      for (let start = 0; start < copy.length; ) {
        const size = pieces.length === 0 ? copy.length : (pieces[this.#pieces++ % pieces.length] as number)
        if (!this.#over && !this.#lanes.dead) deliver(copy.slice(start, start + size))
        start += size
      }
    })
  }

  #leave(piece: Uint8Array): void {
    const room = (this.#cut.up ?? Number.POSITIVE_INFINITY) - this.#up
    this.#up += piece.length
    this.#toAgent(piece.subarray(0, room))
    if (piece.length >= room) this.break()
  }

  #arrive(piece: Uint8Array): void {
    const room = (this.#cut.down ?? Number.POSITIVE_INFINITY) - this.#down
    this.#down += piece.length
    const arrived = piece.slice(0, room)
    if (arrived.length > 0) this.#listener?.data(arrived)
    if (piece.length >= room) this.break()
  }
}
