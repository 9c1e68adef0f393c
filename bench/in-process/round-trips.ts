import { EventEmitter, on, once } from 'node:events'
import { broadcast, oneshot, watch } from '@klaw/core/channel'
import { type Benchmark, type Contender, rate } from '../harness/definition.ts'
import { repeats } from '../harness/rate.ts'
import { expectAll, Tally } from '../harness/tally.ts'
import { klaw, ofNode, versioned } from '../peers/versions.ts'

const capacity = 1024
const receivers = 4

const oneshotOurs: Contender = repeats('klaw', klaw, () => ({
  async run(count) {
    const tally = new Tally()
    for (let n = 0; n < count; n++) {
      const [tx, rx] = oneshot<number>()
      const received = rx.recv()
      await tx.send(n)
      tally.add(await received)
    }
    expectAll([tally], count)
  },
}))

const barePromise: Contender = repeats('promise', 'a bare Promise', () => ({
  async run(count) {
    const tally = new Tally()
    for (let n = 0; n < count; n++) {
      let resolve: (value: number) => void = () => {}
      const received = new Promise<number>((settle) => {
        resolve = settle
      })
      resolve(n)
      tally.add(await received)
    }
    expectAll([tally], count)
  },
}))

const effectDeferred: Contender = repeats('effect-deferred', `Deferred of ${versioned('effect')}`, async () => {
  const { Deferred, Effect } = await import('effect')
  return {
    run: (count) =>
      Effect.runPromise(
        Effect.gen(function* () {
          const tally = new Tally()
          for (let n = 0; n < count; n++) {
            const deferred = yield* Deferred.make<number>()
            yield* Deferred.succeed(deferred, n)
            tally.add(yield* Deferred.await(deferred))
          }
          expectAll([tally], count)
        }),
      ),
  }
})

const broadcastOurs: Contender = repeats('klaw', klaw, () => ({
  async run(count) {
    const [tx, first] = broadcast<number>({ capacity })
    const all = [first, ...Array.from({ length: receivers - 1 }, () => tx.subscribe())]
    const tallies = all.map(() => new Tally())
    for (let n = 0; n < count; n++) {
      await tx.send(n)
      for (let index = 0; index < receivers; index++) tallies[index]?.add((await all[index]?.recv()) as number)
    }
    for (const tally of tallies) expectAll([tally], count)
  },
}))

const eventsOn: Contender = repeats('events-on', ofNode('events.on'), () => ({
  async run(count) {
    const emitter = new EventEmitter()
    const all = Array.from({ length: receivers }, () => on(emitter, 'value'))
    const tallies = all.map(() => new Tally())
    for (let n = 0; n < count; n++) {
      emitter.emit('value', n)
      for (let index = 0; index < receivers; index++) tallies[index]?.add((await all[index]?.next())?.value[0])
    }
    for (const one of all) await one.return?.()
    for (const tally of tallies) expectAll([tally], count)
  },
}))

const effectPubSub: Contender = repeats('effect-pubsub', `PubSub of ${versioned('effect')}`, async () => {
  const { Effect, PubSub } = await import('effect')
  return {
    run: (count) =>
      Effect.runPromise(
        Effect.scoped(
          Effect.gen(function* () {
            const hub = yield* PubSub.bounded<number>(capacity)
            const all = []
            for (let index = 0; index < receivers; index++) all.push(yield* PubSub.subscribe(hub))
            const tallies = all.map(() => new Tally())
            for (let n = 0; n < count; n++) {
              yield* PubSub.publish(hub, n)
              for (const [index, one] of all.entries()) tallies[index]?.add(yield* PubSub.take(one))
            }
            for (const tally of tallies) expectAll([tally], count)
          }),
        ),
      ),
  }
})

const watchOurs: Contender = repeats('klaw', klaw, () => ({
  async run(count) {
    const [tx, rx] = watch(-1)
    const tally = new Tally()
    for (let n = 0; n < count; n++) {
      const changed = rx.changed()
      await tx.send(n)
      await changed
      tally.add(rx.borrow())
    }
    expectAll([tally], count)
  },
}))

const eventsOnce: Contender = repeats('events-once', ofNode('events.once'), () => ({
  async run(count) {
    const emitter = new EventEmitter()
    const tally = new Tally()
    for (let n = 0; n < count; n++) {
      const changed = once(emitter, 'value')
      emitter.emit('value', n)
      const [value] = await changed
      tally.add(value)
    }
    expectAll([tally], count)
  },
}))

export const roundTripBenchmarks: readonly Benchmark[] = [
  {
    id: 'in-process/oneshot',
    work: 'make a oneshot, wait for it, send, receive',
    metrics: rate(),
    ours: oneshotOurs,
    peers: [barePromise, effectDeferred],
  },
  {
    id: 'in-process/broadcast',
    work: `send one value, ${receivers} receivers receive it`,
    metrics: rate(),
    ours: broadcastOurs,
    peers: [eventsOn, effectPubSub],
  },
  {
    id: 'in-process/watch',
    work: 'wait for a change, send, look at the value',
    metrics: rate(),
    ours: watchOurs,
    peers: [eventsOnce],
  },
]
