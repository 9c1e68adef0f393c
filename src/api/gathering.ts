import type { WaitOptions } from '../core/ports.ts'
import { type ObjectPort, ObjectWaiter } from '../engine/object-engine.ts'
import { watchLimits } from './limits.ts'

/** Waits until `needed` of some objects have settled or, if `failFast`, until one of them has failed. */
export class Gathering {
  readonly #ports: readonly ObjectPort[]
  readonly #needed: number
  readonly #failFast: boolean
  #settled = 0
  #failed = false

  /** @param ports each once */
  constructor(ports: readonly ObjectPort[], needed: number, failFast: boolean) {
    this.#ports = ports
    this.#needed = needed
    this.#failFast = failFast
    this.#count()
  }

  /** Whether there is nothing to wait for any more. */
  get complete(): boolean {
    return this.#settled >= this.#needed || (this.#failFast && this.#failed)
  }

  /** Resolves when it is complete, or when the time is over; with a timeout of 0 once it is known what has settled by now. */
  async wait(limits: WaitOptions): Promise<void> {
    limits.signal?.throwIfAborted()
    if (this.complete) return
    const pending = this.#ports.filter((port) => !port.settled)
    if (limits.timeout === 0) await this.#look(pending, limits)
    else await this.#park(pending, limits)
  }

  #look(pending: readonly ObjectPort[], { signal }: WaitOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      const letGo = watchLimits({ signal }, resolve, reject)
      Promise.all(pending.map((port) => port.look()))
        .then(() => {
          this.#count()
          resolve()
        }, reject)
        .finally(letGo)
    })
  }

  #park(pending: readonly ObjectPort[], limits: WaitOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiters: GatheringWaiter[] = []
      const end = () => {
        letGo()
        for (const waiter of waiters) waiter.port.leave(waiter)
      }
      const settled = (port: ObjectPort) => {
        this.#settled++
        if (port.failed) this.#failed = true
        if (!this.complete) return
        end()
        resolve()
      }
      const letGo = watchLimits(
        limits,
        () => {
          end()
          resolve()
        },
        (reason) => {
          end()
          reject(reason)
        },
      )
      for (const port of pending) {
        const waiter = new GatheringWaiter(port, settled)
        waiters.push(waiter)
        port.park(waiter)
      }
    })
  }

  #count(): void {
    this.#settled = 0
    for (const port of this.#ports) {
      if (!port.settled) continue
      this.#settled++
      if (port.failed) this.#failed = true
    }
  }
}

class GatheringWaiter extends ObjectWaiter {
  readonly port: ObjectPort
  readonly #told: (port: ObjectPort) => void

  constructor(port: ObjectPort, told: (port: ObjectPort) => void) {
    super()
    this.port = port
    this.#told = told
  }

  settled(port: ObjectPort): void {
    this.#told(port)
  }
}
