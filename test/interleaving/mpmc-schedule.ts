import { getEventListeners } from 'node:events'
import { expect } from 'vitest'
import { localChannel } from '../../src/api/channel.ts'
import { selectSymbol, sendSymbol } from '../../src/api/handle.ts'
import type { Permit } from '../../src/api/permit.ts'
import type { LocalReceiver } from '../../src/api/receiver.ts'
import type { LocalSender } from '../../src/api/sender.ts'
import type { Delivery } from '../../src/core/ports.ts'
import { type SelectSource, selectFrom } from '../../src/core/select.ts'
import { ChannelClosed, ChannelEmpty, ChannelFull, ChannelPartialSend, ChannelTimeout } from '../../src/errors.ts'
import type { Result } from '../../src/result.ts'
import { FakeClock } from './fake-clock.ts'
import { flush } from './flush.ts'
import { type CaseSpec, MpmcModel } from './mpmc-model.ts'
import { Random } from './random.ts'

const why = 'given up by the schedule'

/** Does random things to a channel and to its model, side by side, and compares what they say. */
export class MpmcSchedule {
  readonly #random: Random
  readonly #clock = new FakeClock()
  readonly #model: MpmcModel
  readonly #ack: boolean
  readonly #capacity: number
  readonly #senders: LocalSender<number>[]
  readonly #receivers: LocalReceiver<unknown>[]
  readonly #outcomes = new Map<number, string>()
  readonly #aborts = new Map<number, AbortController>()
  readonly #permits: Permit<number>[] = []
  readonly #deliveries: [number, Delivery<number>][] = []
  /** What was done, for the report of a failure. */
  readonly log: string[] = []
  #operation = 0
  #value = 0

  constructor(seed: number) {
    this.#random = new Random(seed)
    this.#ack = this.#random.chance(0.35)
    this.#capacity = this.#random.pick([1, 1, 2, 3, 5, Number.POSITIVE_INFINITY])
    const ackTimeout = 20.5
    this.#model = new MpmcModel({ capacity: this.#capacity, ackTimeout: this.#ack ? ackTimeout : undefined })
    const settings = { capacity: this.#capacity, schema: undefined, ack: this.#ack, ackTimeout }
    const [sender, receiver] = localChannel(settings, this.#clock)
    this.#senders = [sender as LocalSender<number>]
    this.#receivers = [receiver]
    this.#model.addSender(0)
    this.#model.addReceiver(0)
    this.log.push(`capacity ${this.#capacity}, ${this.#ack ? 'acknowledged' : 'plain'}`)
  }

  async run(steps: number): Promise<void> {
    for (let step = 0; step < steps; step++) {
      this.#step()
      // Most of the time several things happen before anybody hears of the first.
      if (this.#random.chance(0.4)) await this.#compare()
    }
    await this.#finish()
  }

  async #finish(): Promise<void> {
    await this.#compare()
    while (this.#permits.length > 0) this.#usePermit()
    while (this.#deliveries.length > 0) this.#settleDelivery()
    for (const index of this.#senders.keys()) this.#closeSender(index)
    await this.#compare()
    while (this.#permits.length > 0) this.#usePermit()
    for (const index of this.#receivers.keys()) this.#closeReceiver(index)
    await this.#compare()
    expect(this.#outcomes.size, 'operations that have settled').toBe(this.#settleable)
    expect(this.#clock.pending, 'timers left behind').toBe(0)
    for (const { signal } of this.#aborts.values()) {
      expect(getEventListeners(signal, 'abort'), 'listeners left behind').toEqual([])
    }
  }

  /** Operations that go by promise; the others are compared on the spot. */
  #settleable = 0

  #step(): void {
    const random = this.#random
    const dice = random.below(100)
    if (dice < 17) this.#send()
    else if (dice < 36) this.#recv()
    else if (dice < 42) this.#trySend()
    else if (dice < 49) this.#tryRecv()
    else if (dice < 55) this.#batch()
    else if (dice < 60) this.#reserve()
    else if (dice < 67) this.#usePermit()
    else if (dice < 75) this.#select()
    else if (dice < 82) this.#abort()
    else if (dice < 87) this.#advance()
    else if (dice < 93) this.#settleDelivery()
    else if (dice < 95) this.#cloneSender()
    else if (dice < 97) this.#cloneReceiver()
    else if (dice < 98) this.#closeSender(random.below(this.#senders.length))
    else if (dice < 99 || this.#receivers.length > 1) this.#closeReceiver(random.below(this.#receivers.length))
  }

  #send(): void {
    const [sender, handle] = this.#anySender()
    const value = this.#value++
    const { operation, options } = this.#start(`send ${value} by ${sender}`)
    this.#watch(operation, handle.send(value, options), () => 'ok')
    this.#model.send(operation, sender, value, options.timeout)
  }

  #batch(): void {
    const [sender, handle] = this.#anySender()
    const values = Array.from({ length: this.#random.below(5) }, () => this.#value++)
    if (this.#random.chance(0.3)) {
      this.log.push(`trySendBatch ${values} by ${sender}`)
      expect(describe(handle.trySendBatch(values))).toBe(this.#model.trySend(sender, values))
      return
    }
    const { operation, options } = this.#start(`sendBatch ${values} by ${sender}`)
    this.#watch(operation, handle.sendBatch(values, options), () => 'ok')
    this.#model.batch(operation, sender, values, options.timeout)
  }

  #trySend(): void {
    const [sender, handle] = this.#anySender()
    const value = this.#value++
    this.log.push(`trySend ${value} by ${sender}`)
    expect(describe(handle.trySend(value))).toBe(this.#model.trySend(sender, [value]))
  }

  #recv(): void {
    const [receiver, handle] = this.#anyReceiver()
    const { operation, options } = this.#start(`recv by ${receiver}`)
    this.#watch(operation, handle.recv(options), (message) => this.#got(operation, message))
    this.#model.recv(operation, receiver, options.timeout)
  }

  #tryRecv(): void {
    const [receiver, handle] = this.#anyReceiver()
    const operation = this.#operation++
    this.log.push(`${operation}: tryRecv by ${receiver}`)
    const result = handle.tryRecv()
    const outcome = result.ok ? this.#got(operation, result.value) : describe(result)
    expect(outcome).toBe(this.#model.tryRecv(operation, receiver))
  }

  #reserve(): void {
    const [sender, handle] = this.#anySender()
    const { operation, options } = this.#start(`reserve by ${sender}`)
    this.#watch(operation, handle.reserve(options), (permit) => {
      this.#permits.push(permit)
      return 'ok'
    })
    this.#model.reserve(operation, sender, options.timeout)
  }

  #usePermit(): void {
    const permit = this.#permits.splice(this.#random.below(this.#permits.length), 1)[0]
    if (permit === undefined) return
    if (this.#random.chance(0.3)) {
      this.log.push('release a permit')
      permit.release()
      this.#model.permitRelease()
      return
    }
    const value = this.#value++
    this.log.push(`send ${value} with a permit`)
    let outcome = 'ok'
    try {
      permit.send(value)
    } catch (error) {
      outcome = describeError(error)
    }
    expect(outcome).toBe(this.#model.permitSend(value))
  }

  #select(): void {
    const cases = Array.from({ length: 1 + this.#random.below(3) }, (): CaseSpec => {
      if (this.#random.chance(0.6)) return { kind: 'recv', receiver: this.#random.below(this.#receivers.length) }
      return { kind: 'send', sender: this.#random.below(this.#senders.length), value: this.#value++ }
    })
    const { operation, options } = this.#start(`select ${JSON.stringify(cases)}`)
    const sources = cases.map((spec, index) => this.#source(spec, index))
    let chosen = -1
    const biased = this.#random.chance(0.3)
    const ready = this.#model.readyCases(cases)
    this.#parked = []
    const selection = selectFrom(sources, {
      biased,
      orNothing: false,
      signal: options.signal,
      clock: this.#clock,
      random: () => this.#random.next(),
    })
    this.#watch(operation, selection, (selected) => {
      if (selected === undefined) throw new Error('nothing was selected')
      const result = selected.outcome
      if (!result.ok) return `case ${selected.index} ${describe(result)}`
      const isRecv = cases[selected.index]?.kind === 'recv'
      return `case ${selected.index} ${isRecv ? this.#got(operation, result.value) : 'ok'}`
    })
    if (ready.length === 0) this.#model.waitForAny(operation, cases, this.#parked)
    else {
      // Which of them is left to chance; the sources themselves have kept the record.
      chosen = biased ? (ready[0] as number) : this.#taken
      expect(ready).toContain(chosen)
      this.#model.takeCase(operation, cases, chosen)
    }
  }

  /** The case that the select under way took at once, or those that it waits for, in the order in which they got in line. */
  #taken = -1
  #parked: number[] = []

  #source(spec: CaseSpec, index: number): SelectSource<Result<unknown, Error>> {
    const source =
      spec.kind === 'recv'
        ? (this.#receivers[spec.receiver] as LocalReceiver<unknown>)[selectSymbol]()
        : (this.#senders[spec.sender] as LocalSender<number>)[sendSymbol](spec.value)
    return {
      ready: () => source.ready(),
      take: () => {
        this.#taken = index
        return source.take()
      },
      park: (win) => {
        this.#parked.push(index)
        return source.park(win)
      },
    }
  }

  #abort(): void {
    const pending = [...this.#aborts.keys()].filter((operation) => !this.#outcomes.has(operation))
    if (pending.length === 0) return
    const operation = this.#random.pick(pending)
    this.log.push(`abort ${operation}`)
    this.#aborts.get(operation)?.abort(why)
    this.#model.abort(operation)
  }

  #advance(): void {
    const milliseconds = this.#random.below(15)
    this.log.push(`${milliseconds} ms go by`)
    this.#clock.advance(milliseconds)
    this.#model.advance(milliseconds)
  }

  #settleDelivery(): void {
    const [number, delivery] = this.#deliveries.splice(this.#random.below(this.#deliveries.length), 1)[0] ?? []
    if (number === undefined || delivery === undefined) return
    const nack = this.#random.chance(0.3)
    this.log.push(`${nack ? 'nack' : 'ack'} the delivery of ${number}`)
    if (nack) {
      delivery.nack()
      this.#model.refuse(number)
    } else {
      delivery.ack()
      this.#model.acknowledge(number)
    }
    if (this.#random.chance(0.3)) this.#deliveries.push([number, delivery])
  }

  #cloneSender(): void {
    const [sender, handle] = this.#anySender()
    if (this.#closed.has(handle)) {
      expect(() => handle.clone()).toThrow(ChannelClosed)
      return
    }
    this.log.push(`clone sender ${sender} as ${this.#senders.length}`)
    this.#model.addSender(this.#senders.length)
    this.#senders.push(handle.clone())
  }

  #cloneReceiver(): void {
    const [receiver, handle] = this.#anyReceiver()
    if (this.#closed.has(handle)) {
      expect(() => handle.clone()).toThrow(ChannelClosed)
      return
    }
    this.log.push(`clone receiver ${receiver} as ${this.#receivers.length}`)
    this.#model.addReceiver(this.#receivers.length)
    this.#receivers.push(handle.clone())
  }

  readonly #closed = new Set<object>()

  #closeSender(sender: number): void {
    this.log.push(`close sender ${sender}`)
    const handle = this.#senders[sender] as LocalSender<number>
    this.#closed.add(handle)
    handle.close()
    this.#model.closeSender(sender)
  }

  #closeReceiver(receiver: number): void {
    this.log.push(`close receiver ${receiver}`)
    const handle = this.#receivers[receiver] as LocalReceiver<unknown>
    this.#closed.add(handle)
    handle.close()
    this.#model.closeReceiver(receiver)
  }

  #anySender(): [number, LocalSender<number>] {
    const index = this.#random.below(this.#senders.length)
    return [index, this.#senders[index] as LocalSender<number>]
  }

  #anyReceiver(): [number, LocalReceiver<unknown>] {
    const index = this.#random.below(this.#receivers.length)
    return [index, this.#receivers[index] as LocalReceiver<unknown>]
  }

  #start(what: string): { operation: number; options: { signal?: AbortSignal; timeout?: number } } {
    const operation = this.#operation++
    this.#settleable++
    const options: { signal?: AbortSignal; timeout?: number } = {}
    if (this.#random.chance(0.5)) {
      const controller = new AbortController()
      this.#aborts.set(operation, controller)
      options.signal = controller.signal
    }
    // No two things fall due at once, so that their order is beyond doubt.
    if (!what.startsWith('select') && this.#random.chance(0.3)) {
      options.timeout = this.#random.chance(0.3) ? 0 : this.#random.below(40) + operation / 1e6
    }
    this.log.push(`${operation}: ${what} ${options.timeout === undefined ? '' : `within ${options.timeout} ms`}`)
    return { operation, options }
  }

  #watch<T>(operation: number, promise: Promise<T>, describeValue: (value: T) => string): void {
    promise.then(
      (value) => this.#outcomes.set(operation, describeValue(value)),
      (error: unknown) => this.#outcomes.set(operation, describeError(error)),
    )
  }

  #got(operation: number, message: unknown): string {
    if (!this.#ack) return `got ${message}`
    const delivery = message as Delivery<number>
    this.#deliveries.push([operation, delivery])
    return `got ${delivery.value} #${delivery.deliveryCount}`
  }

  async #compare(): Promise<void> {
    await flush()
    expect(Object.fromEntries(this.#outcomes)).toEqual(Object.fromEntries(this.#model.outcomes))
    const { length, senders, receivers, waitingSenders, waitingReceivers, unacknowledged } = (
      this.#senders[0] as LocalSender<number>
    ).stats()
    const state = { length, senders, receivers, waitingSenders, waitingReceivers, unacknowledged }
    if (receivers > 0) expect(state).toEqual(this.#model.state)
    expect(length + unacknowledged).toBeLessThanOrEqual(this.#capacity)
  }
}

function describe(result: Result<unknown, Error>): string {
  return result.ok ? 'ok' : describeError(result.error)
}

function describeError(error: unknown): string {
  const value = (given: unknown) => (given === undefined ? '' : ` ${given}`)
  if (error === why) return 'aborted'
  if (error instanceof ChannelClosed) return `closed${value(error.value)}`
  if (error instanceof ChannelFull) return `full${value(error.value)}`
  if (error instanceof ChannelEmpty) return 'empty'
  if (error instanceof ChannelTimeout) return 'timeout'
  if (error instanceof ChannelPartialSend) return `partial ${error.sent} ${error.unsent} ${describeError(error.cause)}`
  throw error
}
