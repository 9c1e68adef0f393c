import { randomUUID } from 'node:crypto'
import {
  type BroadcastReceiver,
  ChannelConfigMismatch,
  connect,
  type Delivery,
  type OneshotSender,
  pyActorClass,
  type Receiver,
  type Runtime,
  type Sender,
  type WatchReceiver,
} from '@klaw/core'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { rejection } from '../../support/rejection.ts'

interface Request {
  readonly value: number
  readonly answer: OneshotSender<{ got: number }>
}
interface Peer {
  echo(rx: Receiver<unknown>, tx: Sender<unknown>): number
  double(rx: Receiver<Float64Array>, tx: Sender<Float64Array>): string[]
  open(name: string, options: object): string
  send_named(value: unknown): void
  receive_named(): unknown
  try_receive(): string
  close_named(): void
  serve(requests: Receiver<Request>): number
  acknowledge(rx: Receiver<Delivery<string>>): [string, number][]
  follow(state: WatchReceiver<number>, events: BroadcastReceiver<string>, here: Sender<boolean>): [number, string[]]
  make(): { tx: Sender<string>; rx: Receiver<string> }
}
interface AsyncPeer {
  merge(left: Receiver<number>, right: Receiver<number>, tx: Sender<[string, number]>): number
}
const Peer = pyActorClass<Peer, []>('klaw_fixtures.channel_peers', 'Peer')
const AsyncPeer = pyActorClass<AsyncPeer, []>('klaw_fixtures.channel_peers', 'AsyncPeer')

let klaw: Runtime
let peer: ReturnType<typeof start>
const start = () => klaw.actor(Peer, { numCpus: 0 }).remote()
beforeAll(async () => {
  klaw = await connect(inject('rayAddress') as `ray://${string}`, { namespace: randomUUID(), timeout: 60_000 })
  peer = start()
})
afterAll(() => klaw.shutdown())

test('ends as arguments: what goes to Python comes back, in order', async () => {
  const [there, incoming] = await klaw.channel<unknown>({ capacity: 50 })
  const [outgoing, back] = await klaw.channel<unknown>({ capacity: 50 })
  const echoed = peer.echo.remote(incoming, outgoing)
  await incoming.close()
  await outgoing.close()
  const values = Array.from({ length: 500 }, (_, index) => ({
    index,
    text: `item ${index}`,
    list: [index, null, true],
  }))
  const sending = (async () => {
    for (const value of values) await there.send(value)
    await there.close()
  })()
  const received: unknown[] = []
  for await (const value of back) received.push(value)
  await sending
  expect(received).toEqual(values)
  expect(await echoed).toBe(500)
})

test('arrays are numpy’s in Python, small ones and large ones', async () => {
  const [there, incoming] = await klaw.channel<Float64Array>()
  const [outgoing, back] = await klaw.channel<Float64Array>()
  const kinds = peer.double.remote(incoming, outgoing)
  await incoming.close()
  await outgoing.close()
  for (const length of [3, 100_000, 5]) await there.send(new Float64Array(length).fill(1.5))
  await there.close()
  const received: Float64Array[] = []
  for await (const array of back) received.push(array)
  expect(received.map((array) => [array.constructor, array.length, array[2]])).toEqual([
    [Float64Array, 3, 3],
    [Float64Array, 100_000, 3],
    [Float64Array, 5, 3],
  ])
  expect(await kinds).toEqual(['ndarray float64 3', 'ndarray float64 100000', 'ndarray float64 5'])
})

test('names: one channel for both languages, and the same refusals', async () => {
  const name = `both ${randomUUID()}`
  expect(await peer.open.remote(name, { capacity: 5 })).toBe('opened')
  const [tx, rx] = await klaw.channel<unknown>({ name, capacity: 5 })
  await peer.send_named.remote({ from: 'Python' })
  expect(await rx.recv({ timeout: 20_000 })).toEqual({ from: 'Python' })
  await tx.send({ from: 'TypeScript' })
  expect(await peer.receive_named.remote()).toEqual({ from: 'TypeScript' })
  expect(await peer.try_receive.remote()).toBe('ChannelEmpty')
  expect(await rejection(klaw.channel({ name, capacity: 6 }))).toBeInstanceOf(ChannelConfigMismatch)
  expect(await peer.open.remote(name, { capacity: 6 })).toContain(`ChannelConfigMismatch: the channel "${name}"`)
  const stats = (await klaw.getChannel(name))?.stats
  expect(stats).toMatchObject({ capacity: 5, sent: 2, received: 2, senders: 2, receivers: 2 })
  await peer.close_named.remote()
  expect((await klaw.getChannel(name))?.stats.senders).toBe(1)
  expect(await klaw.deleteChannel(name)).toBe(true)
})

test('ends inside of messages: requests and their answers', async () => {
  const [requests, incoming] = await klaw.channel<Request>()
  const served = peer.serve.remote(incoming)
  await incoming.close()
  for (const value of [1, 2, 3]) {
    const [answer, answered] = await klaw.oneshot<{ got: number }>()
    await requests.send({ value, answer })
    expect(await answered.recv({ timeout: 20_000 })).toEqual({ got: value })
  }
  await requests.close()
  expect(await served).toBe(3)
})

test('what Python gives back is delivered again, with its count', async () => {
  const [tx, rx] = await klaw.channel<string>({ ack: 'manual' })
  const seen = peer.acknowledge.remote(rx)
  await rx.close()
  for (const word of ['a', 'b']) await tx.send(word)
  await tx.close()
  const counted = (await seen).map(([word, count]) => `${word}${count}`)
  expect(counted.sort()).toEqual(['a1', 'a2', 'b1', 'b2'])
})

test('watches and broadcasts are followed in Python', async () => {
  const [state, watching] = await klaw.watch(0)
  const [events, listening] = await klaw.broadcast<string>()
  const [here, arrived] = await klaw.channel<boolean>()
  const followed = peer.follow.remote(watching, listening, here)
  await watching.close()
  await listening.close()
  expect(await arrived.recv({ timeout: 30_000 })).toBe(true)
  for (const [index, event] of ['one', 'two', 'three'].entries()) {
    await state.send(index + 1)
    await events.send(event)
  }
  await state.close()
  await events.close()
  expect(await followed).toEqual([3, ['one', 'two', 'three']])
})

test('ends that Python has made arrive as results', async () => {
  const { tx, rx } = await peer.make.remote()
  expect(await rx.recv({ timeout: 20_000 })).toBe('made in Python')
  await tx.send('and used here')
  expect(await rx.recv({ timeout: 20_000 })).toBe('and used here')
})

test('an async actor selects over channels of ours', async () => {
  const merging = klaw.actor(AsyncPeer, { numCpus: 0 }).remote()
  const [left, fromLeft] = await klaw.channel<number>()
  const [right, fromRight] = await klaw.channel<number>()
  const [out, merged] = await klaw.channel<[string, number]>({ capacity: 10 })
  const count = merging.merge.remote(fromLeft, fromRight, out)
  for (const end of [fromLeft, fromRight, out]) await end.close()
  const sending = (async () => {
    for (let number = 0; number < 100; number++) await (number % 2 === 0 ? left : right).send(number)
    await left.close()
    await right.close()
  })()
  const received: [string, number][] = []
  for await (const pair of merged) received.push(pair)
  await sending
  const numbers = (side: string) => received.filter(([from]) => from === side).map(([, number]) => number)
  expect(numbers('left')).toEqual(Array.from({ length: 50 }, (_, index) => 2 * index))
  expect(numbers('right')).toEqual(Array.from({ length: 50 }, (_, index) => 2 * index + 1))
  expect(await count).toBe(100)
})
