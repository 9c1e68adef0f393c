import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { systemClock } from '../../../src/api/system-clock.ts'
import { Codec } from '../../../src/codec/codec.ts'
import { selectFrom } from '../../../src/core/select.ts'
import type { MessageStore } from '../../../src/engine/remote/channel-host.ts'
import { RemoteChannels } from '../../../src/engine/remote/channels.ts'
import { ChannelClosed } from '../../../src/errors.ts'
import type { EncodedValue } from '../../../src/wire/token.ts'
import { Random } from '../../interleaving/random.ts'
import { rejection } from '../../support/rejection.ts'
import { until } from '../../support/until.ts'
import { asPorts, Rig, spec } from './rig.ts'

const prefix = 'stored '

/** Takes messages of more than 100 bytes, and some turns for each. */
class SlowStore implements MessageStore {
  readonly threshold = 100
  readonly largestInline = 10_000
  readonly messages = new Map<number, Uint8Array>()
  readonly #codec = new Codec()
  readonly #random: Random
  stored = 0
  loading = 0
  mostLoading = 0
  /** Bytes that each says to have. */
  announced = 5_000_000
  /** Fails instead of storing. */
  failure: Error | undefined
  /** Waits for this before it stores anything. */
  held: Promise<void> | undefined

  constructor(seed: number) {
    this.#random = new Random(seed)
  }

  async store({ bytes }: EncodedValue, signal: AbortSignal): Promise<EncodedValue> {
    await this.#turns()
    await this.held
    signal.throwIfAborted()
    if (this.failure !== undefined) throw this.failure
    const number = this.stored++
    this.messages.set(number, bytes.slice())
    return { bytes: this.#codec.encode(prefix + number), tokens: [{ origin: 77, number }] }
  }

  sizeOf(bytes: Uint8Array, start: number): number | undefined {
    // A short string: one byte says how long it is.
    const isStored = Buffer.from(bytes.subarray(start + 1, start + 1 + prefix.length)).toString() === prefix
    return isStored ? this.announced : undefined
  }

  async load(bytes: Uint8Array, start: number, end: number, signal: AbortSignal): Promise<Uint8Array> {
    this.mostLoading = Math.max(this.mostLoading, ++this.loading)
    await this.#turns()
    this.loading--
    signal.throwIfAborted()
    const number = Number((this.#codec.decode(bytes, start, end) as string).slice(prefix.length))
    const message = this.messages.get(number)
    if (message === undefined) throw new Error(`there is no message ${number}`)
    return message
  }

  async #turns(): Promise<void> {
    for (let left = this.#random.below(4); left > 0; left--) await nextTurn()
  }
}

async function open(rig: Rig, store: SlowStore, capacity = 1000, ack = false) {
  const { client } = await rig.client()
  const channels = new RemoteChannels({ ...client.channelHost(systemClock), store }, asPorts)
  return await channels.open(spec({ capacity, ack }))
}

const large = (number: number) => `${number} ${'x'.repeat(200)}`

describe('large messages', () => {
  test('of which many go into eight megabytes are brought here several at a time', async () => {
    await using rig = new Rig()
    const store = new SlowStore(5)
    store.announced = 1_000_000
    const { send, receive } = await open(rig, store)
    const values = Array.from({ length: 100 }, (_, number) => large(number))
    await send.sendBatch(values, undefined)
    for (const value of values) expect(await receive.recv(undefined)).toBe(value)
    expect(store.mostLoading).toBeGreaterThan(2)
    expect(store.mostLoading).toBeLessThanOrEqual(8)
  })

  test('arrive in order among small ones, whatever their storing takes', async () => {
    for (let seed = 0; seed < 20; seed++) {
      await using rig = new Rig()
      const store = new SlowStore(seed)
      const random = new Random(seed)
      const { send, receive } = await open(rig, store, 50)
      const values = Array.from({ length: 200 }, (_, number) => (random.chance(0.3) ? large(number) : String(number)))
      const sending = Promise.all(values.map((value) => send.send(value, undefined)))
      for (const value of values) expect(await receive.recv(undefined)).toBe(value)
      await sending
      expect(store.mostLoading).toBeLessThanOrEqual(2)
      expect((await send.stats()).length).toBe(0)
    }
  })

  test('in batches, and in batches larger than the capacity', async () => {
    await using rig = new Rig()
    const { send, receive } = await open(rig, new SlowStore(1), 5)
    const values = Array.from({ length: 12 }, (_, number) => (number % 3 === 0 ? large(number) : String(number)))
    const sending = [send.sendBatch(values.slice(0, 3), undefined), send.sendBatch(values.slice(3), undefined)]
    for (const value of values) expect(await receive.recv(undefined)).toBe(value)
    await Promise.all(sending)
  })

  test('a send that is aborted while its message is being stored delivers nothing, and gives its slot back', async () => {
    await using rig = new Rig()
    const store = new SlowStore(1)
    const { send, receive } = await open(rig, store, 2)
    let release = () => {}
    store.held = new Promise<void>((resolve) => {
      release = resolve
    })
    const controller = new AbortController()
    const sending = send.send(large(1), { signal: controller.signal })
    const behind = send.send('behind', undefined)
    controller.abort(new Error('enough'))
    expect(await rejection(sending)).toMatchObject({ message: 'enough' })
    expect(await receive.recv(undefined)).toBe('behind')
    await behind
    expect(await rejection(send.send(large(2), { timeout: 5 }))).toMatchObject({ code: 'CHANNEL_TIMEOUT' })
    release()
    store.held = undefined
    await send.sendBatch(['a', 'b'], { timeout: 10_000 })
    expect([await receive.recv(undefined), await receive.recv(undefined)]).toEqual(['a', 'b'])
  })

  test('one that can not be stored fails its send alone', async () => {
    await using rig = new Rig()
    const store = new SlowStore(1)
    const { send, receive } = await open(rig, store, 2)
    store.failure = new Error('the store is full')
    expect(await rejection(send.send(large(1), undefined))).toMatchObject({ message: 'the store is full' })
    store.failure = undefined
    await send.send(large(2), undefined)
    await send.send('3', undefined)
    expect([await receive.recv(undefined), await receive.recv(undefined)]).toEqual([large(2), '3'])
  })

  test('one that can not be loaded fails its recv alone', async () => {
    await using rig = new Rig()
    const store = new SlowStore(1)
    const { send, receive } = await open(rig, store)
    await send.send(large(1), undefined)
    await send.send('2', undefined)
    store.messages.clear()
    expect(await rejection(receive.recv(undefined))).toMatchObject({ message: 'there is no message 0' })
    expect(await receive.recv(undefined)).toBe('2')
  })

  test('an end that is closed while something is being stored sends it first', async () => {
    await using rig = new Rig()
    const { send, receive } = await open(rig, new SlowStore(1))
    const sending = send.send(large(1), undefined)
    send.close()
    expect(await receive.recv(undefined)).toBe(large(1))
    await sending
    expect(await rejection(receive.recv(undefined))).toBeInstanceOf(ChannelClosed)
  })

  test('a send whose message is being stored when the last receiver closes fails with the value', async () => {
    await using rig = new Rig()
    const store = new SlowStore(1)
    const { send, receive } = await open(rig, store)
    store.held = new Promise<void>(() => {})
    const values = [large(3), large(4), 'small']
    const refused = Promise.all([
      rejection(send.send(large(1), undefined)),
      rejection(send.sendBatch(values, undefined)),
      rejection((await send.reserve(undefined)).send(large(2)) as Promise<void>),
    ])
    receive.close()
    const [single, batch, permitted] = (await refused) as [ChannelClosed, ChannelClosed, ChannelClosed]
    for (const error of [single, batch, permitted]) expect(error).toBeInstanceOf(ChannelClosed)
    expect([single.value, batch.value, permitted.value]).toEqual([large(1), values, large(2)])
  })

  test('a batch that has waited for room gets back what had not been sent when the last receiver closes', async () => {
    await using rig = new Rig()
    const store = new SlowStore(1)
    const { send, receive } = await open(rig, store, 2)
    await send.sendBatch(['a', 'b'], undefined)
    store.held = new Promise<void>(() => {})
    const values = [large(1), 'behind']
    const sending = rejection(send.sendBatch(values, undefined))
    expect([await receive.recv(undefined), await receive.recv(undefined)]).toEqual(['a', 'b'])
    await until(async () => (await send.stats()).waitingSenders === 0)
    receive.close()
    expect(((await sending) as ChannelClosed).value).toEqual(values)
  })

  test('what was being loaded when its receiver closes goes to another one', async () => {
    await using rig = new Rig()
    const { send, receive } = await open(rig, new SlowStore(1))
    const other = receive.clone()
    const values = Array.from({ length: 10 }, (_, number) => large(number))
    await send.sendBatch(values, undefined)
    expect(await receive.recv(undefined)).toBe(values[0])
    receive.close()
    const rest = []
    while (rest.length < 9) rest.push(await other.recv(undefined))
    expect(rest).toEqual(values.slice(1))
  })

  test('an attempt gets one that has to be loaded first', async () => {
    await using rig = new Rig()
    const { send, receive } = await open(rig, new SlowStore(3))
    await send.send(large(1), undefined)
    await until(async () => (await send.stats()).length === 1)
    expect(await receive.tryRecv()).toMatchObject({ ok: true, value: large(1) })
    expect(await receive.tryRecv()).toMatchObject({ ok: false })
  })

  test('a case of select sends them through the hub, up to its limit', async () => {
    await using rig = new Rig()
    const store = new SlowStore(1)
    const { send, receive } = await open(rig, store)
    const options = { biased: false, orNothing: false, signal: undefined, clock: systemClock, random: Math.random }
    const selected = await selectFrom([send.sendSource(large(1))], options)
    expect(selected).toMatchObject({ index: 0, outcome: { ok: true } })
    expect(await receive.recv(undefined)).toBe(large(1))
    expect(store.stored).toBe(0)
    for (const biased of [true, false]) {
      const sources = [receive.recvSource(), send.sendSource('x'.repeat(20_000)), receive.recvSource()]
      const tooLarge = selectFrom<unknown>(sources, { ...options, biased })
      expect(await rejection(tooLarge)).toMatchObject({ code: 'SERIALIZATION', path: 'message' })
    }
    await until(async () => (await receive.stats()).waitingReceivers === 0)
    await send.send('after', undefined)
    expect(await receive.recv(undefined)).toBe('after')
  })
})
