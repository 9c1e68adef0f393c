import { RayError } from '../../../../errors.ts'
import type { Welcome } from '../handshake.ts'
import type { LaneSource, LostLane } from '../lane-source.ts'

/** Lanes that the other side opens. They come by themselves; what this knows is for how long to wait for one. */
export class AwaitedLanes implements LaneSource {
  readonly kind = 'direct'
  readonly peer = 'the caller'
  readonly asks = false
  /** Called when the connection is over. */
  readonly over: () => void
  /** Seconds. */
  readonly #grace: number

  constructor(grace: number, over: () => void) {
    this.#grace = grace
    this.over = over
  }

  next({ reason }: LostLane, signal: AbortSignal): Promise<Welcome> {
    return new Promise((_resolve, reject) => {
      const timer = setTimeout(() => {
        signal.removeEventListener('abort', stop)
        const message = `the connection to ${this.peer} was lost and not resumed within ${this.#grace} seconds`
        reject(new RayError(message, { cause: reason }))
      }, this.#grace * 1_000)
      // Whoever is waited for may never come: no reason for a process to stay.
      timer.unref()
      const stop = () => {
        clearTimeout(timer)
        reject(signal.reason)
      }
      signal.addEventListener('abort', stop, { once: true })
    })
  }
}
