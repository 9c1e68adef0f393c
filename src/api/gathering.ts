import type { WaitOptions } from '../core/ports.ts'
import { type ObjectPort, ObjectWaiter, type Progress } from '../engine/object-engine.ts'
import { watchLimits } from './limits.ts'

/** Whom a {@link Gathering} waits for, and how. */
export interface GatheringGoal {
  /** How many have to settle. */
  readonly needed: number
  /** Also their values are wanted, and one that has failed ends it. */
  readonly values: boolean
  readonly progress?: Progress | undefined
}

/** Waits until some of some objects have settled or, if their values are wanted, until all are here or one has failed. */
export class Gathering {
  readonly #ports: readonly ObjectPort[]
  readonly #goal: GatheringGoal
  /** Values as they have arrived, each taken for its own place. */
  readonly #taken: ({ readonly value: unknown } | undefined)[] = []
  readonly #transfers: Transfer[] = []
  #done = 0
  #failed: ObjectPort | undefined

  constructor(ports: readonly ObjectPort[], goal: GatheringGoal) {
    this.#ports = ports
    this.#goal = goal
    this.#count()
  }

  /** Whether there is nothing to wait for any more. */
  get complete(): boolean {
    return this.#done >= this.#goal.needed || (this.#goal.values && this.#failed !== undefined)
  }

  /** The values in the order of the objects. Throws what the first one failed with. Only if values were wanted and it is complete. */
  values(): unknown[] {
    // The one that failed comes first, wherever it stands: others may still be pending.
    this.#failed?.value()
    return this.#ports.map((port, index) => {
      const taken = this.#taken[index]
      return taken === undefined ? port.value() : taken.value
    })
  }

  /** Resolves when it is complete, or when the time is over; with a timeout of 0 once it is known what has settled by now. */
  async wait(limits: WaitOptions): Promise<void> {
    limits.signal?.throwIfAborted()
    if (this.complete) return
    if (limits.timeout !== 0) {
      await this.#park(limits)
      return
    }
    await this.#look(limits)
    // What has settled has a value now, even if it takes a while to get here.
    const known = this.#ports.every((port) => port.settled) || this.#ports.some((port) => port.failed)
    if (!this.complete && this.#goal.values && known) await this.#park({ signal: limits.signal })
  }

  #look({ signal }: WaitOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      const letGo = watchLimits({ signal }, resolve, reject)
      const pending = this.#ports.filter((port) => !port.settled)
      Promise.all(pending.map((port) => port.look()))
        .then(() => {
          this.#count()
          resolve()
        }, reject)
        .finally(letGo)
    })
  }

  #park(limits: WaitOptions): Promise<void> {
    const { values, progress } = this.#goal
    return new Promise((resolve, reject) => {
      const waiters: GatheringWaiter[] = []
      let over = false
      const end = () => {
        over = true
        letGo()
        for (const waiter of waiters) waiter.port.leave(waiter)
      }
      const settled = (port: ObjectPort, index: number) => {
        try {
          if (values && !port.failed) this.#taken[index] = { value: port.value() }
        } catch (error) {
          end()
          reject(error)
          return
        }
        this.#done++
        if (port.failed) this.#failed ??= port
        if (over || !this.complete) return
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
      for (const [index, port] of this.#ports.entries()) {
        // Whoever is asked may answer at once.
        if (over) break
        if (values ? port.fetched : port.settled) continue
        const waiter = new GatheringWaiter(port, (settledPort) => settled(settledPort, index))
        if (progress !== undefined) waiter.progress = this.#progress(progress)
        waiters.push(waiter)
        port.park(waiter, values)
      }
    })
  }

  #progress(tell: Progress): (bytes: number, total: number) => void {
    const transfer: Transfer = { bytes: 0, total: 0 }
    this.#transfers.push(transfer)
    return (bytes, total) => {
      transfer.bytes = bytes
      transfer.total = total
      let all = 0
      let allTotal = 0
      for (const each of this.#transfers) {
        all += each.bytes
        allTotal += each.total
      }
      // What the program does there, and throws, is not the affair of whoever is receiving here.
      queueMicrotask(() => tell(all, allTotal))
    }
  }

  #count(): void {
    this.#done = 0
    for (const port of this.#ports) {
      if (!(this.#goal.values ? port.fetched : port.settled)) continue
      this.#done++
      if (port.failed) this.#failed ??= port
    }
  }
}

/** How much of one value has arrived. */
interface Transfer {
  bytes: number
  total: number
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
