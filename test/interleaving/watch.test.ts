import { describe, expect, it } from 'vitest'
import { type LocalWatchReceiver, type LocalWatchSender, WatchReceiver, WatchSender } from '../../src/api/watch.ts'
import { Watch } from '../../src/core/watch.ts'
import { LocalWatchReceivePort, LocalWatchSendPort } from '../../src/core/watch-ports.ts'
import { FakeClock } from './fake-clock.ts'
import { forEachSeed, Outcomes } from './outcomes.ts'
import { Random } from './random.ts'

interface ModelReceiver {
  readonly handle: LocalWatchReceiver<number>
  seen: number
  open: boolean
  waiting: number[]
}

/** The value is the number of times that it was replaced. */
class WatchSchedule {
  readonly outcomes = new Outcomes()
  readonly #random: Random
  readonly #clock = new FakeClock()
  readonly #senders: { handle: LocalWatchSender<number>; open: boolean }[]
  readonly #receivers: ModelReceiver[]
  readonly #due = new Map<number, number>()
  #value = 0

  constructor(seed: number) {
    this.#random = new Random(seed)
    const state = new Watch(0)
    const send = new LocalWatchSendPort(state, this.#clock)
    const receive = new LocalWatchReceivePort(state.observe(), this.#clock)
    this.#senders = [{ handle: WatchSender.over(send) as LocalWatchSender<number>, open: true }]
    this.#receivers = [this.#receiver(WatchReceiver.over(receive) as LocalWatchReceiver<number>, 0)]
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
    if (dice < 25) this.#send()
    else if (dice < 60) this.#changed()
    else if (dice < 70) this.#look()
    else if (dice < 77) this.#abort()
    else if (dice < 82) this.#advance(this.#random.below(15))
    else if (dice < 88) this.#newReceiver()
    else if (dice < 91) this.#cloneSender()
    else if (dice < 94) this.#closeSender(this.#random.below(this.#senders.length))
    else this.#closeReceiver(this.#random.below(this.#receivers.length))
  }

  #send(): void {
    const sender = this.#random.pick(this.#senders)
    if (!sender.open) {
      this.outcomes.expected.set(
        this.outcomes.start('send on a closed sender', this.#random, () => sender.handle.send(-1)).number,
        'closed',
      )
      return
    }
    const value = this.#value + 1
    const how = this.#random.below(3)
    const { number } = this.outcomes.start(
      ['send', 'update', 'update that throws'][how] as string,
      this.#random,
      () => {
        if (how === 0) return sender.handle.send(value)
        if (how === 1) return sender.handle.update((latest) => latest + 1)
        return sender.handle.update(() => {
          throw undefined
        })
      },
    )
    this.outcomes.expected.set(number, 'ok')
    if (how === 2) return
    this.#value = value
    for (const receiver of this.#receivers) this.#serve(receiver)
  }

  #changed(): void {
    const receiver = this.#random.pick(this.#receivers)
    const { number, timeout } = this.outcomes.start('changed', this.#random, (options) =>
      receiver.handle.changed(options),
    )
    const now = this.#outcome(receiver)
    if (now !== undefined) this.outcomes.expected.set(number, now)
    else if (timeout === 0) this.outcomes.expected.set(number, 'timeout')
    else {
      receiver.waiting.push(number)
      if (timeout !== undefined) this.#due.set(number, this.#clock.now() + timeout)
    }
  }

  #outcome(receiver: ModelReceiver): string | undefined {
    if (!receiver.open) return 'closed'
    if (receiver.seen !== this.#value) {
      receiver.seen = this.#value
      return 'ok'
    }
    return this.#senders.some((sender) => sender.open) ? undefined : 'closed'
  }

  #serve(receiver: ModelReceiver): void {
    if (receiver.waiting.length === 0) return
    const outcome = this.#outcome(receiver)
    if (outcome === undefined) return
    for (const number of receiver.waiting) {
      this.#due.delete(number)
      this.outcomes.expected.set(number, outcome)
    }
    receiver.waiting = []
  }

  #look(): void {
    const receiver = this.#random.pick(this.#receivers)
    if (!receiver.open) {
      expect(() => receiver.handle.borrow()).toThrow('closed')
      return
    }
    expect(receiver.handle.hasChanged()).toBe(receiver.seen !== this.#value)
    expect(receiver.handle.borrow()).toBe(this.#value)
    if (this.#random.chance(0.5)) {
      expect(receiver.handle.borrowAndUpdate()).toBe(this.#value)
      receiver.seen = this.#value
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

  #newReceiver(): void {
    const receiver = this.#random.pick(this.#receivers)
    if (!receiver.open) return
    const clone = this.#random.chance(0.5)
    this.outcomes.log.push(`${clone ? 'clone' : 'subscribe'} receiver ${this.#receivers.length}`)
    const handle = clone ? receiver.handle.clone() : receiver.handle.subscribe()
    this.#receivers.push(this.#receiver(handle, clone ? receiver.seen : this.#value))
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

  #receiver(handle: LocalWatchReceiver<number>, seen: number): ModelReceiver {
    return { handle, seen, open: true, waiting: [] }
  }

  async #compare(): Promise<void> {
    await this.outcomes.compare()
    expect(this.#senders[0]?.handle.receiverCount).toBe(this.#receivers.filter((receiver) => receiver.open).length)
  }
}

describe('a watch', () => {
  it('does what its model does, in random schedules', () =>
    forEachSeed(1_500, async (seed, log) => {
      const schedule = new WatchSchedule(seed)
      log(schedule.outcomes.log)
      await schedule.run(60)
    }))
})
