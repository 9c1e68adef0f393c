import {
  type Awaitable,
  type BroadcastReceiver,
  type BroadcastSender,
  broadcast,
  type ChannelClosed,
  type ChannelEmpty,
  type ChannelFull,
  type ChannelLagged,
  type ChannelStats,
  channel,
  type Delivery,
  type LocalBroadcastReceiver,
  type LocalBroadcastSender,
  type LocalOneshotReceiver,
  type LocalOneshotSender,
  type LocalReceiver,
  type LocalSender,
  type LocalWatchReceiver,
  type LocalWatchSender,
  type OneshotReceiver,
  type OneshotSender,
  oneshot,
  type Permit,
  type Receiver,
  type Result,
  type Runtime,
  type Sender,
  unwrap,
  type WatchReceiver,
  type WatchSender,
  watch,
} from '@klaw/core'
import * as entry from '@klaw/core/channel'
import * as v from 'valibot'
import { expectTypeOf, test } from 'vitest'
import { z } from 'zod'

interface Animal {
  readonly name: string
}
interface Dog extends Animal {
  readonly barks: true
}

declare const klaw: Runtime
declare const tx: Sender<number>
declare const rx: Receiver<number>
declare const localTx: LocalSender<number>
declare const localRx: LocalReceiver<number>

test('channel gives local ends of the type', () => {
  expectTypeOf(channel<number>()).toEqualTypeOf<[sender: LocalSender<number>, receiver: LocalReceiver<number>]>()
  expectTypeOf(channel<Dog>({ capacity: 5, unbounded: false })).toEqualTypeOf<
    [sender: LocalSender<Dog>, receiver: LocalReceiver<Dog>]
  >()
  expectTypeOf(channel()[1].recv).returns.resolves.toBeUnknown()
  expectTypeOf(entry.channel).toEqualTypeOf(channel)
})

test('acknowledged mode gives deliveries', () => {
  const [sender, receiver] = channel<number>({ ack: 'manual', ackTimeout: 5 })
  expectTypeOf(sender).toEqualTypeOf<LocalSender<number>>()
  expectTypeOf(receiver).toEqualTypeOf<LocalReceiver<Delivery<number>>>()
  expectTypeOf(receiver.recv()).resolves.toEqualTypeOf<Delivery<number>>()
  // @ts-expect-error without ack there is nothing to time out
  channel<number>({ ackTimeout: 5 })
  // @ts-expect-error there is no other mode
  channel<number>({ ack: 'auto' })
})

test('a schema gives both types', () => {
  const length = z.object({ text: z.string().transform((text) => text.length) })
  expectTypeOf(channel({ schema: length })).toEqualTypeOf<
    [sender: LocalSender<{ text: string }>, receiver: LocalReceiver<{ text: number }>]
  >()
  expectTypeOf(channel({ schema: v.number(), ack: 'manual' })).toEqualTypeOf<
    [sender: LocalSender<number>, receiver: LocalReceiver<Delivery<number>>]
  >()
})

test('distributed gives a promise of shared ends', () => {
  expectTypeOf(channel<number>({ distributed: klaw, name: 'jobs' })).resolves.toEqualTypeOf<
    [sender: Sender<number>, receiver: Receiver<number>]
  >()
  expectTypeOf(channel<number>({ distributed: true, ack: 'manual' })).resolves.toEqualTypeOf<
    [sender: Sender<number>, receiver: Receiver<Delivery<number>>]
  >()
  expectTypeOf(channel({ distributed: true, schema: v.number() })).resolves.toEqualTypeOf<
    [sender: Sender<number>, receiver: Receiver<number>]
  >()
  // @ts-expect-error a name needs a runtime
  channel<number>({ name: 'jobs' })
  // @ts-expect-error unknown options
  channel<number>({ maxsize: 5 })
})

test('what waits is a promise, what does not is awaitable', () => {
  expectTypeOf(tx.send(1)).toEqualTypeOf<Promise<void>>()
  expectTypeOf(tx.sendBatch([1])).toEqualTypeOf<Promise<void>>()
  expectTypeOf(tx.reserve()).toEqualTypeOf<Promise<Permit<number>>>()
  expectTypeOf(tx.clone()).toEqualTypeOf<Sender<number>>()
  expectTypeOf(tx.close()).toEqualTypeOf<Awaitable<void>>()
  expectTypeOf(tx.stats()).toEqualTypeOf<Awaitable<ChannelStats>>()
  expectTypeOf(rx.recv()).toEqualTypeOf<Promise<number>>()
  expectTypeOf(rx.recvBatch()).toEqualTypeOf<Promise<number[]>>()
  expectTypeOf(rx.tryRecv()).toEqualTypeOf<Awaitable<Result<number, ChannelEmpty | ChannelClosed>>>()
  expectTypeOf(rx.clone()).toEqualTypeOf<Receiver<number>>()
  expectTypeOf(rx.readable()).toEqualTypeOf<ReadableStream<number>>()
  expectTypeOf(tx.writable()).toEqualTypeOf<WritableStream<number>>()
})

test('local ends answer at once', () => {
  expectTypeOf(localTx.clone()).toEqualTypeOf<LocalSender<number>>()
  expectTypeOf(localTx.close()).toEqualTypeOf<void>()
  expectTypeOf(localTx.stats()).toEqualTypeOf<ChannelStats>()
  expectTypeOf(localRx.tryRecv()).toEqualTypeOf<Result<number, ChannelEmpty | ChannelClosed>>()
  expectTypeOf(localRx.clone()).toEqualTypeOf<LocalReceiver<number>>()
  expectTypeOf(localRx.stats()).toEqualTypeOf<ChannelStats>()
  expectTypeOf<LocalSender<number>>().toExtend<Sender<number>>()
  expectTypeOf<LocalReceiver<number>>().toExtend<Receiver<number>>()
  expectTypeOf<Sender<number>>().not.toExtend<LocalSender<number>>()
})

test('an error gives back exactly what was not sent', async () => {
  const result = localTx.trySend(1 as number)
  expectTypeOf(result).toEqualTypeOf<Result<void, ChannelFull<number> | ChannelClosed<number>>>()
  if (!result.ok) expectTypeOf(result.error.value).toEqualTypeOf<number | undefined>()
  const animals = {} as LocalSender<Animal>
  const dog = animals.trySend({} as Dog)
  if (!dog.ok) expectTypeOf(dog.error.value).toEqualTypeOf<Dog | undefined>()
  const batch = animals.trySendBatch([{} as Dog])
  if (!batch.ok) expectTypeOf(batch.error.value).toEqualTypeOf<readonly Dog[] | undefined>()
  expectTypeOf(unwrap(localRx.tryRecv())).toEqualTypeOf<number>()
})

test('only values of the type can be sent', () => {
  // @ts-expect-error a string is no number
  tx.send('1')
  // @ts-expect-error a string is no number
  tx.trySend('1')
  // @ts-expect-error a string is no number
  tx.sendBatch(['1'])
  // @ts-expect-error a sender does not receive
  tx.recv
  // @ts-expect-error a receiver does not send
  rx.send
  // @ts-expect-error handles are made by factories
  ;new (null as unknown as typeof Sender)()
  // @ts-expect-error an unknown option
  rx.recv({ timeOut: 5 })
})

test('senders are contravariant, receivers covariant', () => {
  expectTypeOf<Sender<Animal>>().toExtend<Sender<Dog>>()
  expectTypeOf<Sender<Dog>>().not.toExtend<Sender<Animal>>()
  expectTypeOf<LocalSender<Animal>>().toExtend<LocalSender<Dog>>()
  expectTypeOf<LocalSender<Dog>>().not.toExtend<LocalSender<Animal>>()
  expectTypeOf<Permit<Animal>>().toExtend<Permit<Dog>>()
  expectTypeOf<Permit<Dog>>().not.toExtend<Permit<Animal>>()
  expectTypeOf<OneshotSender<Animal>>().toExtend<OneshotSender<Dog>>()
  expectTypeOf<OneshotSender<Dog>>().not.toExtend<OneshotSender<Animal>>()
  expectTypeOf<Receiver<Dog>>().toExtend<Receiver<Animal>>()
  expectTypeOf<Receiver<Animal>>().not.toExtend<Receiver<Dog>>()
  expectTypeOf<LocalReceiver<Dog>>().toExtend<LocalReceiver<Animal>>()
  expectTypeOf<Receiver<Delivery<Dog>>>().toExtend<Receiver<Delivery<Animal>>>()
  expectTypeOf<OneshotReceiver<Dog>>().toExtend<OneshotReceiver<Animal>>()
  expectTypeOf<BroadcastReceiver<Dog>>().toExtend<BroadcastReceiver<Animal>>()
  expectTypeOf<BroadcastReceiver<Animal>>().not.toExtend<BroadcastReceiver<Dog>>()
  expectTypeOf<WatchReceiver<Dog>>().toExtend<WatchReceiver<Animal>>()
  expectTypeOf<WatchReceiver<Animal>>().not.toExtend<WatchReceiver<Dog>>()
})

test('what can be subscribed to or borrowed from is invariant', () => {
  expectTypeOf<BroadcastSender<Dog>>().not.toExtend<BroadcastSender<Animal>>()
  expectTypeOf<BroadcastSender<Animal>>().not.toExtend<BroadcastSender<Dog>>()
  expectTypeOf<WatchSender<Dog>>().not.toExtend<WatchSender<Animal>>()
  expectTypeOf<WatchSender<Animal>>().not.toExtend<WatchSender<Dog>>()
})

test('the other factories', () => {
  expectTypeOf(oneshot<number>()).toEqualTypeOf<
    [sender: LocalOneshotSender<number>, receiver: LocalOneshotReceiver<number>]
  >()
  expectTypeOf(broadcast<number>({ capacity: 5 })).toEqualTypeOf<
    [sender: LocalBroadcastSender<number>, receiver: LocalBroadcastReceiver<number>]
  >()
  expectTypeOf(watch('a' as string)).toEqualTypeOf<
    [sender: LocalWatchSender<string>, receiver: LocalWatchReceiver<string>]
  >()
  const [events, listener] = broadcast<number>()
  expectTypeOf(events.send(1)).toEqualTypeOf<Promise<number>>()
  expectTypeOf(events.subscribe()).toEqualTypeOf<LocalBroadcastReceiver<number>>()
  expectTypeOf(listener.tryRecv()).toEqualTypeOf<Result<number, ChannelEmpty | ChannelLagged | ChannelClosed>>()
  expectTypeOf({} as BroadcastReceiver<number>).toHaveProperty('recv')
  const [state, view] = watch(1 as number)
  expectTypeOf(state.borrow()).toEqualTypeOf<number>()
  expectTypeOf(view.borrowAndUpdate()).toEqualTypeOf<number>()
  expectTypeOf(view.changed()).toEqualTypeOf<Promise<void>>()
})

test('iteration has the type', async () => {
  for await (const value of rx) expectTypeOf(value).toEqualTypeOf<number>()
  for await (const value of {} as BroadcastReceiver<Dog>) expectTypeOf(value).toEqualTypeOf<Dog>()
  for await (const value of {} as WatchReceiver<Dog>) expectTypeOf(value).toEqualTypeOf<Dog>()
  for await (const { value, deliveryCount } of channel<Dog>({ ack: 'manual' })[1]) {
    expectTypeOf(value).toEqualTypeOf<Dog>()
    expectTypeOf(deliveryCount).toEqualTypeOf<number>()
  }
})

test('nothing is any', () => {
  expectTypeOf(tx).not.toBeAny()
  expectTypeOf(rx).not.toBeAny()
  expectTypeOf(tx.send).parameter(0).not.toBeAny()
  expectTypeOf(tx.trySend(1)).not.toBeAny()
  expectTypeOf(rx.recv()).resolves.not.toBeAny()
  expectTypeOf(rx.recvBatch()).resolves.not.toBeAny()
  expectTypeOf(channel({ schema: v.string() })[1].recv()).resolves.not.toBeAny()
  expectTypeOf(oneshot<number>()[1].recv()).resolves.not.toBeAny()
  expectTypeOf(watch(1)[1].borrow()).not.toBeAny()
})
