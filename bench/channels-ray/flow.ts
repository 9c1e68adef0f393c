import { expectEqual } from '../harness/check.ts'
import { sumBelow } from '../harness/tally.ts'
import type { Arrived } from './arrivals.ts'
import type { Pace } from './orders.ts'
import { Party } from './party.ts'
import type { Line, SideAddress } from './side.ts'

export interface FlowOptions {
  readonly line: Line
  readonly senders: number
  readonly receivers: number
  /** Of each receiver; those without one receive as fast as they can. */
  readonly paces?: readonly Pace[]
}

/** Milliseconds in which every receiver must have reported what a run has sent. */
const limit = 120_000

/** Each has an agent on the cluster, which is a process too: a machine that starts all of them at once comes to nothing. */
const startedAtOnce = 1

/** Items that go from some processes to others, counted and checked. */
export class Flow {
  readonly #line: Line
  readonly #senders: readonly Party[]
  readonly #receivers: readonly Party[]
  /** What each receiver has reported last. */
  readonly #reports: Arrived[]
  /** Items of each sender so far. */
  #sent: number[]

  private constructor(line: Line, senders: readonly Party[], receivers: readonly Party[]) {
    this.#line = line
    this.#senders = senders
    this.#receivers = receivers
    this.#reports = receivers.map(() => ({ count: 0, sum: 0, disordered: 0, misshapen: 0, at: 0 }))
    this.#sent = senders.map(() => 0)
  }

  static async start(address: SideAddress, { line, senders, receivers, paces = [] }: FlowOptions): Promise<Flow> {
    const start = async (role: string, count: number) => {
      const parties: Party[] = []
      while (parties.length < count) {
        const names = Array.from({ length: Math.min(startedAtOnce, count - parties.length) }, (_, index) => {
          return `${role} ${parties.length + index}`
        })
        parties.push(...(await Promise.all(names.map((name) => Party.start(address, name)))))
      }
      return parties
    }
    const sending = await start('sender', senders)
    const receiving = await start('receiver', receivers)
    const alone = receivers === 1 || line.kind === 'broadcast'
    await Promise.all(
      receiving.map((party, index) => {
        const pace = paces[index]
        return party.order({ t: 'receive', line, alone, ...(pace === undefined ? {} : { pace }) })
      }),
    )
    await Promise.all(sending.map((party, sender) => party.order({ t: 'open-sender', line, sender })))
    await Promise.all([...receiving, ...sending].map((party) => party.order({ t: 'settle' })))
    return new Flow(line, sending, receiving)
  }

  /** Sends `count` items, shared out among the senders; resolves with the milliseconds from the first send until the last item has come, and what came where. */
  async run(count: number): Promise<{ readonly time: number; readonly shares: readonly number[] }> {
    const before = [...this.#reports]
    const parts = this.#senders.map((_, index) => share(count, this.#senders.length, index))
    const sent = this.#sent.map((number, index) => number + (parts[index] as number))
    const failed = new AbortController()
    const arrived = this.#allArrived(sent, failed.signal)
    const starts = Promise.all(
      this.#senders.map((sender, index) => sender.order({ t: 'send', count: parts[index] as number })),
    )
    starts.catch((error: unknown) => failed.abort(error))
    await arrived
    const begins = await starts
    this.#sent = sent
    this.#check(before, sent)
    const end = Math.max(...this.#reports.map(({ at }) => at))
    const begin = Math.min(...(begins as number[]))
    const shares = this.#reports.map((report, index) => report.count - (before[index] as Arrived).count)
    return { time: (end - begin) / 1e6, shares }
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#senders, ...this.#receivers].map((party) => party.stop()))
  }

  #allArrived(sent: readonly number[], signal: AbortSignal): Promise<void> {
    const copies = this.#line.kind === 'broadcast' ? this.#receivers.length : 1
    const expected = total(sent) * copies
    return new Promise((resolve, reject) => {
      const settle = () => {
        clearTimeout(timer)
        for (const receiver of this.#receivers) receiver.watcher = undefined
      }
      const fail = (error: Error) => {
        settle()
        reject(error)
      }
      signal.addEventListener('abort', () => fail(signal.reason), { once: true })
      const timer = setTimeout(() => {
        const counts = this.#reports.map(({ count }) => count).join(' + ')
        fail(new Error(`wrong result: ${counts} items have come of ${expected}, and nothing more`))
      }, limit)
      for (const [index, receiver] of this.#receivers.entries()) {
        receiver.watcher = {
          failed: fail,
          arrived: (report) => {
            this.#reports[index] = report
            if (total(this.#reports.map((each) => each.count)) < expected) return
            settle()
            resolve()
          },
        }
      }
    })
  }

  #check(before: readonly Arrived[], sent: readonly number[]): void {
    const sum = total(sent.map(sumBelow))
    const single = this.#receivers.length === 1
    if (this.#line.kind === 'broadcast' || single) {
      for (const report of this.#reports) {
        expectEqual('the number of items', report.count, total(sent))
        expectEqual('the sum of the items', report.sum, sum)
        expectEqual('the number of items out of order', report.disordered, 0)
      }
    } else {
      expectEqual('the number of items', total(this.#reports.map((report) => report.count)), total(sent))
      expectEqual('the sum of the items', total(this.#reports.map((report) => report.sum)), sum)
    }
    expectEqual('the number of items of another size', total(this.#reports.map((report) => report.misshapen)), 0)
    for (const [index, report] of this.#reports.entries()) {
      if (report.count < (before[index] as Arrived).count) throw new Error('wrong result: a receiver has lost items')
    }
  }
}

function share(count: number, parties: number, index: number): number {
  return Math.floor((count * (index + 1)) / parties) - Math.floor((count * index) / parties)
}

function total(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0)
}
