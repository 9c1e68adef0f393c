import { describe, expect, it } from 'vitest'
import {
  BroadcastReceiver,
  BroadcastSender,
  type LocalBroadcastReceiver,
  type LocalBroadcastSender,
} from '../../src/api/broadcast.ts'
import { Broadcast } from '../../src/core/broadcast.ts'
import { LocalBroadcastReceivePort, LocalBroadcastSendPort } from '../../src/core/broadcast-ports.ts'
import { FakeClock } from './fake-clock.ts'
import { describeOutcome, forEachSeed, Outcomes } from './outcomes.ts'
import { Random } from './random.ts'

interface ModelReceiver {
  readonly handle: LocalBroadcastReceiver<number>
  position: number
  open: boolean
  waiting: number[]
}

/** Values are their own numbers, so a receiver at position p reads p next, or has missed it. */
class BroadcastSchedule {
  readonly outcomes = new Outcomes()
  readonly #random: Random
  readonly #clock = new FakeClock()
  readonly #capacity: number
  readonly #senders: { handle: LocalBroadcastSender<number>; open: boolean }[]
  readonly #receivers: ModelReceiver[]
  readonly #due = new Map<number, number>()
  #next = 0

  constructor(seed: number) {
    this.#random = new Random(seed)
    this.#capacity = this.#random.pick([1, 2, 3, 20])
    const state = new Broadcast<number>(this.#capacity)
    const send = new LocalBroadcastSendPort(state, this.#clock)
    const receive = new LocalBroadcastReceivePort(state.subscribe(), this.#capacity, this.#clock)
    this.#senders = [{ handle: BroadcastSender.over(send) as LocalBroadcastSender<number>, open: true }]
    this.#receivers = [this.#receiver(BroadcastReceiver.over(receive) as LocalBroadcastReceiver<number>, 0)]
    this.outcomes.log.push(`capacity ${this.#capacity}`)
  }

  async run(steps: number): Promise<void> {
    for (let step = 0; step < steps; step++) {
      this.#step()
      if (this.#random.chance(0.4)) await this.#compare()
    }
    for (const index of this.#senders.keys()) this.#closeSender(index)
    await this.#compare()
    for (const index of this.#receivers.keys()) this.#closeReceiver(index)
    await this.outcomes.compareEnd()
    expect(this.#clock.pending, 'timers left behind').toBe(0)
  }

  #step(): void {
    const dice = this.#random.below(100)
    if (dice < 35) this.#send()
    else if (dice < 60) this.#recv()
    else if (dice < 72) this.#tryRecv()
    else if (dice < 79) this.#abort()
    else if (dice < 84) this.#advance(this.#random.below(15))
    else if (dice < 88) this.#subscribe()
    else if (dice < 92) this.#cloneReceiver()
    else if (dice < 94) this.#cloneSender()
    else if (dice < 96) this.#closeSender(this.#random.below(this.#senders.length))
    else this.#closeReceiver(this.#random.below(this.#receivers.length))
  }

  #send(): void {
    const sender = this.#random.pick(this.#senders)
    this.outcomes.log.push(`send ${this.#next}`)
    const result = sender.handle.trySend(this.#next)
    if (!sender.open) {
      expect(result.ok ? 'ok' : describeOutcome(result.error)).toBe('closed')
      return
    }
    const listening = this.#receivers.filter((receiver) => receiver.open)
    expect(result).toEqual({ ok: true, value: listening.length })
    if (listening.length === 0) return
    this.#next++
    for (const receiver of listening) this.#serve(receiver)
  }

  #recv(): void {
    const receiver = this.#random.pick(this.#receivers)
    const { number, timeout } = this.outcomes.start(
      `recv by ${this.#receivers.indexOf(receiver)}`,
      this.#random,
      (options) => receiver.handle.recv(options),
    )
    const now = this.#read(receiver)
    if (now !== undefined) this.outcomes.expected.set(number, now)
    else if (timeout === 0) this.outcomes.expected.set(number, 'timeout')
    else {
      receiver.waiting.push(number)
      if (timeout !== undefined) this.#due.set(number, this.#clock.now() + timeout)
    }
  }

  #tryRecv(): void {
    const receiver = this.#random.pick(this.#receivers)
    this.outcomes.log.push(`tryRecv by ${this.#receivers.indexOf(receiver)}`)
    const result = receiver.handle.tryRecv()
    expect(describeOutcome(result.ok ? result.value : result.error)).toBe(this.#read(receiver) ?? 'empty')
  }

  /** What a read brings now; undefined: nothing yet. */
  #read(receiver: ModelReceiver): string | undefined {
    if (!receiver.open) return 'closed'
    const oldest = this.#next - this.#capacity
    if (receiver.position < oldest) {
      const missed = oldest - receiver.position
      receiver.position = oldest
      return `lagged ${missed}`
    }
    if (receiver.position < this.#next) return `got ${receiver.position++}`
    return this.#senders.some((sender) => sender.open) ? undefined : 'closed'
  }

  #serve(receiver: ModelReceiver): void {
    while (receiver.waiting.length > 0) {
      const outcome = this.#read(receiver)
      if (outcome === undefined) return
      const number = receiver.waiting.shift() as number
      this.#due.delete(number)
      this.outcomes.expected.set(number, outcome)
    }
  }

  #giveUp(number: number, outcome: string): void {
    for (const receiver of this.#receivers) receiver.waiting = receiver.waiting.filter((waiting) => waiting !== number)
    this.#due.delete(number)
    this.outcomes.expected.set(number, outcome)
  }

  #abort(): void {
    const number = this.outcomes.abortOne(this.#random)
    if (number !== undefined) this.#giveUp(number, 'aborted')
  }

  #advance(milliseconds: number): void {
    this.outcomes.log.push(`${milliseconds} ms go by`)
    this.#clock.advance(milliseconds)
    for (const [number, due] of [...this.#due]) if (due <= this.#clock.now()) this.#giveUp(number, 'timeout')
  }

  #subscribe(): void {
    const from = this.#random.pick(
      [...this.#senders, ...this.#receivers].filter((end) => end.open).concat(undefined as never),
    )
    if (from === undefined) return
    this.outcomes.log.push(`subscribe receiver ${this.#receivers.length}`)
    this.#receivers.push(this.#receiver(from.handle.subscribe(), this.#next))
  }

  #cloneReceiver(): void {
    const receiver = this.#random.pick(this.#receivers)
    if (!receiver.open) {
      expect(() => receiver.handle.clone()).toThrow('closed')
      return
    }
    this.outcomes.log.push(`clone receiver ${this.#receivers.indexOf(receiver)} as ${this.#receivers.length}`)
    this.#receivers.push(this.#receiver(receiver.handle.clone(), receiver.position))
  }

  #cloneSender(): void {
    const sender = this.#random.pick(this.#senders)
    if (sender.open) this.#senders.push({ handle: sender.handle.clone(), open: true })
    else expect(() => sender.handle.clone()).toThrow('closed')
  }

  #closeSender(index: number): void {
    const sender = this.#senders[index]
    if (sender === undefined) return
    this.outcomes.log.push(`close sender ${index}`)
    sender.handle.close()
    sender.open = false
    for (const receiver of this.#receivers) this.#serve(receiver)
  }

  #closeReceiver(index: number): void {
    const receiver = this.#receivers[index]
    if (receiver === undefined) return
    this.outcomes.log.push(`close receiver ${index}`)
    receiver.handle.close()
    receiver.open = false
    this.#serve(receiver)
  }

  #receiver(handle: LocalBroadcastReceiver<number>, position: number): ModelReceiver {
    return { handle, position, open: true, waiting: [] }
  }

  async #compare(): Promise<void> {
    await this.outcomes.compare()
    for (const receiver of this.#receivers) {
      const unread = this.#next - Math.max(receiver.position, this.#next - this.#capacity)
      expect(receiver.handle.length).toBe(receiver.open ? unread : 0)
    }
    expect(this.#senders[0]?.handle.receiverCount).toBe(this.#receivers.filter((receiver) => receiver.open).length)
  }
}

describe('a broadcast', () => {
  it('does what its model does, in random schedules', () =>
    forEachSeed(1_500, async (seed, log) => {
      const schedule = new BroadcastSchedule(seed)
      log(schedule.outcomes.log)
      await schedule.run(60)
    }))
})
