import { inspect } from 'node:util'
import type { ActorHandle, Runtime } from '@klaw/core'
import { afterAll, beforeAll, expect } from 'vitest'
import { rejection } from '../../support/rejection.ts'
import { conformance } from '../engine.ts'
import type { Fixtures } from '../fixtures.ts'

type CounterHandle = ActorHandle<InstanceType<Fixtures['Counter']['Class']>>

conformance('handles of actors', (engine, it) => {
  const { Counter, Keeper, Parent } = engine.fixtures
  let klaw: Runtime
  beforeAll(async () => {
    klaw = await engine.connect()
  })
  afterAll(() => klaw.shutdown())

  it('can be awaited by mistake, and show what they are', async () => {
    using counter = klaw.actor(Counter, { numCpus: 0 }).remote()
    expect(await counter).toBe(counter)
    expect(inspect(counter)).toMatch(/^ActorHandle<Counter>\(.+\)$/)
    // Of a class in Python the methods are not known here.
    if (engine.language === 'typescript') expect(counter).not.toHaveProperty('missing')
    expect(Object.keys(counter)).toEqual([])
  })

  it('travel in arguments and results, at any depth', async () => {
    using counter = klaw.actor(Counter, { numCpus: 0 }).remote(1)
    using keeper = klaw.actor(Keeper, { numCpus: 0 }).remote()
    expect(await keeper.addTo.remote({ counters: new Map([['a', counter]]) }, 'a', 4)).toBe(5)
    await keeper.keep.remote(counter, [{ deep: new Map([[1, counter]]) }])
    const [direct, [{ deep }]] = (await keeper.give.remote()) as [CounterHandle, [{ deep: Map<number, CounterHandle> }]]
    expect(await direct.add.remote(1)).toBe(6)
    expect(await deep.get(1)?.add.remote(1)).toBe(7)
    expect(await counter.get.remote()).toBe(7)
  })

  it('travel in stored objects and in refs', async () => {
    using counter = klaw.actor(Counter, { numCpus: 0 }).remote(1)
    using keeper = klaw.actor(Keeper, { numCpus: 0 }).remote()
    const ref = klaw.put({ counter })
    expect(await keeper.keep.remote(ref)).toBe(1)
    const [{ counter: back }] = (await keeper.give.remote()) as [{ counter: CounterHandle }]
    expect(await back.add.remote(1)).toBe(2)
  })

  it('travel through channels', async () => {
    const [tx, rx] = await klaw.channel<{ counter: CounterHandle }>({ capacity: 1 })
    const counter = klaw.actor(Counter, { numCpus: 0 }).remote(1)
    await tx.send({ counter })
    counter[Symbol.dispose]()
    const { counter: received } = await rx.recv()
    expect(await received.add.remote(1)).toBe(2)
    received[Symbol.dispose]()
    await Promise.all([tx.close(), rx.close()])
  })

  it('of actors that other actors have created work', async () => {
    using parent = klaw.actor(Parent, { numCpus: 0 }).remote()
    const { counter } = (await parent.createUnnamed.remote(50)) as { counter: CounterHandle }
    expect(await counter.add.remote(1)).toBe(51)
  })

  it('reach an actor before it is there', async () => {
    using keeper = klaw.actor(Keeper, { numCpus: 0 }).remote()
    const counter = klaw.actor(Counter).remote(1)
    expect(await keeper.addTo.remote({ counters: new Map([['early', counter]]) }, 'early', 1)).toBe(2)
    counter[Symbol.dispose]()
  })

  it('an actor can be called by itself, in its own thread', async () => {
    const count = engine.name === 'ray' ? 2 : 8
    const keepers = Array.from({ length: count }, () => klaw.actor(Keeper, { numCpus: 0 }).remote())
    const counters = new Map(
      keepers.map((_, index) => [String(index), klaw.actor(Counter, { numCpus: 0 }).remote(index)]),
    )
    const sums = keepers.flatMap((keeper) =>
      [...counters.keys()].map((key) => keeper.addTo.remote({ counters }, key, 1)),
    )
    await klaw.get(sums)
    const values = await klaw.get([...counters.values()].map((counter) => counter.get.remote()))
    expect(values).toEqual(keepers.map((_, index) => count + index))
  })

  it('kill refuses anything else', async () => {
    for (const wrong of [undefined, null, 'counter', {}, klaw.put(1)]) {
      expect(await rejection(klaw.kill(wrong as never))).toBeInstanceOf(TypeError)
    }
  })
})
