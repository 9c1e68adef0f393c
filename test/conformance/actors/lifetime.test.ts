import { ActorDiedError, ActorNotFoundError, RayActorError, type Runtime } from '@klaw/core'
import { afterAll, beforeAll, expect } from 'vitest'
import { collectUntil } from '../../support/collect-garbage.ts'
import { failure, rejection } from '../../support/rejection.ts'
import { until } from '../../support/until.ts'
import { conformance } from '../engine.ts'

type CounterLike = { add(amount: number): number }

conformance('lifetime of actors', (engine, it) => {
  const { Counter, Gate, Keeper, Parent } = engine.fixtures
  let klaw: Runtime
  beforeAll(async () => {
    klaw = await engine.connect({ numCpus: 4 })
  })
  afterAll(() => klaw.shutdown())

  // One actor holds three of four: another one of this kind can only start when it has gone.
  const most = engine.claim(3, 'lifetime')

  it('an actor ends with its last handle', async () => {
    const first = klaw.actor(Counter, most).remote()
    using keeper = klaw.actor(Keeper).remote()
    await keeper.keep.remote(first)
    using second = klaw.actor(Counter, most).remote(2)
    first[Symbol.dispose]()
    first[Symbol.dispose]()
    const value = second.get.remote()
    expect(await klaw.wait([value], { timeout: 100 })).toEqual([[], [value]])
    // The last handle goes with the thread that has it.
    await klaw.kill(keeper)
    expect(await value).toBe(2)
  })

  it('a disposed handle refuses calls', async () => {
    const counter = klaw.actor(Counter, { numCpus: 0 }).remote()
    await counter.ready()
    counter[Symbol.dispose]()
    const error = (await rejection(counter.get.remote())) as RayActorError
    expect(error).toBeInstanceOf(RayActorError)
    expect(error.message).toContain('disposed')
    expect(await rejection(counter.ready())).toBeInstanceOf(RayActorError)
    using keeper = klaw.actor(Keeper, { numCpus: 0 }).remote()
    expect(await rejection(keeper.keep.remote(counter))).toMatchObject({ code: 'SERIALIZATION' })
  })

  it('calls that were made before it was disposed of finish first', async () => {
    using gate = klaw.actor(Gate, { numCpus: 0 }).remote()
    const keeper = klaw.actor(Keeper, { numCpus: 0 }).remote()
    const kept = keeper.keep.remote(gate.pass.remote('late'))
    keeper[Symbol.dispose]()
    await gate.arrivals.remote(1)
    gate.open.remote()
    expect(await kept).toBe(1)
  })

  it('a handle that somebody else holds keeps the actor', async () => {
    using keeper = klaw.actor(Keeper, { numCpus: 0 }).remote()
    const counter = klaw.actor(Counter, { numCpus: 0 }).remote(5)
    const kept = keeper.keep.remote([{ deep: counter }])
    // The only handle that is left is under way.
    counter[Symbol.dispose]()
    await kept
    const [[{ deep }]] = (await keeper.give.remote()) as [[{ deep: typeof counter }]]
    expect(await deep.add.remote(1)).toBe(6)
    deep[Symbol.dispose]()
    const [[{ deep: again }]] = (await keeper.give.remote()) as [[{ deep: typeof counter }]]
    expect(await again.add.remote(1)).toBe(7)
    again[Symbol.dispose]()
  })

  it('a handle inside a stored object keeps the actor', async () => {
    const counter = klaw.actor(Counter, { numCpus: 0 }).remote(5)
    const ref = klaw.put({ counter })
    counter[Symbol.dispose]()
    const { counter: again } = await ref
    expect(await again.add.remote(1)).toBe(6)
    again[Symbol.dispose]()
  })

  it('an actor is freed when its handles are collected', async () => {
    let counter: { ready(): Promise<void> } | undefined = klaw.actor(Counter, most).remote()
    await counter.ready()
    counter = undefined
    using next = klaw.actor(Counter, most).remote(1)
    let there = false
    const ready = next.ready().then(() => {
      there = true
    })
    await collectUntil(() => there)
    await ready
  })

  it('whoever keeps a method of a handle keeps the actor', async () => {
    const { add } = klaw.actor(Counter, { numCpus: 0 }).remote(1)
    await add.remote(1)
    // Something that is collected for certain, to know that garbage has been.
    let collected = false
    const registry = new FinalizationRegistry(() => {
      collected = true
    })
    const makeAnother = () => registry.register(klaw.actor(Counter, { numCpus: 0 }).remote(), undefined)
    makeAnother()
    await collectUntil(() => collected)
    expect(await add.remote(1)).toBe(3)
  })

  it('an actor that nobody waits for is not lost while it is being asked', async () => {
    const count = engine.name === 'ray' ? 4 : 20
    const refs = Array.from({ length: count }, (_, index) =>
      klaw.actor(Counter, { numCpus: 0 }).remote(index).add.remote(1),
    )
    const values: number[] = []
    for (const ref of refs) ref.then((value) => values.push(value))
    await collectUntil(() => values.length === count)
    expect(values.sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, index) => index + 1))
  })

  it('a named actor lives on without handles', async () => {
    const counter = klaw.actor(Counter, { numCpus: 0, name: 'lives on' }).remote(1)
    await counter.ready()
    counter[Symbol.dispose]()
    using again = await klaw.getActor<CounterLike>('lives on')
    expect(await again.add.remote(1)).toBe(2)
    await klaw.kill(again)
  })

  it('a detached actor without a name lives until it is killed', async () => {
    using keeper = klaw.actor(Keeper, { numCpus: 0 }).remote()
    const counter = klaw.actor(Counter, { numCpus: 0, lifetime: 'detached', name: 'detached' }).remote(1)
    await keeper.keep.remote(counter)
    counter[Symbol.dispose]()
    await keeper.forget.remote()
    using again = await klaw.getActor<CounterLike>('detached')
    expect(await again.add.remote(1)).toBe(2)
    await klaw.kill(again)
    expect(await rejection(klaw.getActor('detached'))).toBeInstanceOf(ActorNotFoundError)
  })

  it('a named actor ends with the thread that created it, a detached one does not', async () => {
    using parent = klaw.actor(Parent).remote()
    await parent.create.remote('bound', null)
    await parent.create.remote('free', 'detached')
    using bound = await klaw.getActor<CounterLike>('bound')
    using free = await klaw.getActor<CounterLike>('free')
    await klaw.get([bound.add.remote(1), free.add.remote(1)])
    await klaw.kill(parent)
    while ((await klaw.listNamedActors()).some(({ name }) => name === 'bound'));
    // Its process may answer until the end has reached it.
    let error: unknown
    await until(async () => {
      error = await failure(bound.add.remote(1))
      return error !== undefined
    })
    expect(error).toBeInstanceOf(ActorDiedError)
    expect(await free.add.remote(1)).toBe(2)
    await klaw.kill(free)
  })

  it('handles of an actor that has ended can be passed on; their calls fail', async () => {
    const counter = klaw.actor(Counter, { numCpus: 0 }).remote()
    await counter.ready()
    await klaw.kill(counter)
    using keeper = klaw.actor(Keeper, { numCpus: 0 }).remote()
    const counters = new Map([['dead', counter]])
    const error = await rejection(keeper.addTo.remote({ counters }, 'dead', 1))
    expect(error).toMatchObject({ code: 'RAY_TASK', cause: { code: 'ACTOR_DIED' } })
  })
})
