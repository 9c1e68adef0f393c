import type { ResourceRequest } from '../../../actor-engine.ts'
import type { ResourceAmounts } from '../../../cluster-engine.ts'

/** Amounts by resource name, in ten-thousandths, so that fractions add up exactly, as in Ray. */
export type Amounts = ReadonlyMap<string, number>

const unit = 10_000

/** Somebody who waits for resources. */
export interface ResourceWaiter {
  readonly amounts: Amounts
  /** On whose behalf it waits; who lends resources to it need not ask it to give them back. */
  readonly session: number | undefined
  granted(): void
}

/** What actors and tasks may claim, and who waits for it. */
export class Resources {
  readonly #total: Amounts
  readonly #free: Map<string, number>
  #waiting: ResourceWaiter[] = []
  /** Called when somebody has to wait. */
  scarce: (waiter: ResourceWaiter) => void = () => {}

  constructor(total: Readonly<Record<string, number>>) {
    this.#total = amountsOf(total)
    this.#free = new Map(this.#total)
  }

  /** What there is, claimed or not. */
  get total(): ResourceAmounts {
    return recordOf(this.#total)
  }

  /** What nobody has claimed. Less than nothing shows as nothing: who has lent what it holds takes it back at once. */
  get available(): ResourceAmounts {
    return recordOf(this.#free)
  }

  /** Why this can never be had; undefined when it can. */
  infeasible(amounts: Amounts): string | undefined {
    for (const [name, amount] of amounts) {
      const total = this.#total.get(name) ?? 0
      if (amount > total) return `${amount / unit} ${name} are asked for, and there are ${total / unit}`
    }
    return undefined
  }

  /** Waits in line. Who needs something that an earlier one still waits for does not overtake it; others do. */
  wait(waiter: ResourceWaiter): void {
    this.#waiting.push(waiter)
    this.#grant()
    if (this.#waiting.includes(waiter)) this.scarce(waiter)
  }

  /** Whether somebody other than the session waits. */
  othersWait(session: number): boolean {
    return this.#waiting.some((waiter) => waiter.session !== session)
  }

  /** Leaves the line; false when it did not stand there. */
  leave(waiter: ResourceWaiter): boolean {
    const index = this.#waiting.indexOf(waiter)
    if (index < 0) return false
    this.#waiting.splice(index, 1)
    this.#grant()
    return true
  }

  /** Takes what is needed even when it is not there, for somebody who had it before and only lent it. */
  take(amounts: Amounts): void {
    for (const [name, amount] of amounts) this.#free.set(name, (this.#free.get(name) ?? 0) - amount)
  }

  giveBack(amounts: Amounts): void {
    for (const [name, amount] of amounts) this.#free.set(name, (this.#free.get(name) ?? 0) + amount)
    this.#grant()
  }

  #grant(): void {
    const scarce = new Set<string>()
    const granted: ResourceWaiter[] = []
    this.#waiting = this.#waiting.filter((waiter) => {
      let room = true
      for (const [name, amount] of waiter.amounts) {
        if (amount > (this.#free.get(name) ?? 0) || scarce.has(name)) room = false
      }
      if (room) {
        this.take(waiter.amounts)
        granted.push(waiter)
        return false
      }
      for (const name of waiter.amounts.keys()) scarce.add(name)
      return true
    })
    for (const waiter of granted) waiter.granted()
  }
}

/** The resources that count; memory limits a thread, and is not counted. */
export function requested({ numCpus, numGpus, resources }: ResourceRequest): Amounts {
  return amountsOf({ ...resources, CPU: numCpus ?? 0, GPU: numGpus ?? 0 })
}

function recordOf(amounts: Amounts): ResourceAmounts {
  return Object.fromEntries([...amounts].map(([name, amount]) => [name, Math.max(amount, 0) / unit]))
}

function amountsOf(record: Readonly<Record<string, number>>): Amounts {
  const amounts = new Map<string, number>()
  for (const [name, amount] of Object.entries(record)) if (amount > 0) amounts.set(name, Math.round(amount * unit))
  return amounts
}
