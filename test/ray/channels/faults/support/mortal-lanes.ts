import type { Lane, LaneFactory } from '../../../../../src/engine/ray/lane/lane.ts'
import { RayError } from '../../../../../src/errors.ts'

/** Lanes that end with their process: once that is killed nothing leaves any more, not even a goodbye. */
export class MortalLanes implements LaneFactory {
  readonly kind = 'direct'
  opened = 0
  readonly #lanes: LaneFactory
  #current: Lane | undefined
  #killed = false

  constructor(lanes: LaneFactory) {
    this.#lanes = lanes
  }

  async open(signal: AbortSignal): Promise<Lane> {
    if (this.#killed) throw new RayError('the process has been killed')
    const lane = await this.#lanes.open(signal)
    this.opened++
    this.#current = lane
    return lane
  }

  kill(): void {
    this.#killed = true
    this.#current?.destroy()
  }
}
