import { ActorAlreadyExistsError, ActorNotFoundError, type NamedActor, type Runtime } from '@klaw/core'
import { afterAll, beforeAll, expect } from 'vitest'
import { rejection } from '../../support/rejection.ts'
import { conformance } from '../engine.ts'

type CounterLike = { add(amount: number): number }

conformance('named actors', (engine, it) => {
  const { Counter, Keeper } = engine.fixtures
  const elsewhere = `${engine.namespace}-elsewhere`
  const key = ({ name, namespace }: NamedActor) => `${namespace}/${name}`
  let klaw: Runtime
  beforeAll(async () => {
    klaw = await engine.connect()
  })
  afterAll(() => klaw.shutdown())

  it('are found by their name, from anywhere', async () => {
    const counter = klaw.actor(Counter, { numCpus: 0, name: 'found' }).remote(1)
    await counter.ready()
    using again = await klaw.getActor<CounterLike>('found')
    expect(await again.add.remote(1)).toBe(2)
    using keeper = klaw.actor(Keeper, { numCpus: 0 }).remote()
    expect(await keeper.find.remote('found')).toBe(3)
    await klaw.kill(counter)
  })

  it('looking up what is no name is refused', async () => {
    for (const name of [undefined, 5, '']) {
      const error = await rejection(klaw.getActor(name as string))
      expect(error).toBeInstanceOf(name === '' ? RangeError : TypeError)
      expect((error as Error).message).toContain("'name' must")
    }
  })

  it('looking up a name that nobody has fails at once', async () => {
    const error = (await rejection(klaw.getActor('nobody'))) as ActorNotFoundError
    expect(error).toBeInstanceOf(ActorNotFoundError)
    expect(error.message).toContain("Failed to look up actor with name 'nobody'")
  })

  it('a name is taken once in a namespace', async () => {
    const first = klaw.actor(Counter, { numCpus: 0, name: 'taken' }).remote()
    const second = klaw.actor(Counter, { numCpus: 0, name: 'taken' }).remote()
    const error = (await rejection(second.ready())) as ActorAlreadyExistsError
    expect(error).toBeInstanceOf(ActorAlreadyExistsError)
    expect(error.message).toContain("'taken'")
    expect(await rejection(second.add.remote())).toBeInstanceOf(ActorAlreadyExistsError)
    const foreign = klaw.actor(Counter, { numCpus: 0, name: 'taken', namespace: elsewhere }).remote(10)
    expect(await klaw.get([first.add.remote(1), foreign.add.remote(1)])).toEqual([1, 11])
    using other = await klaw.getActor<CounterLike>('taken', elsewhere)
    expect(await other.add.remote(1)).toBe(12)
    await Promise.all([klaw.kill(first), klaw.kill(foreign)])
  })

  it('the name is taken from the call on, also while arguments are missing', async () => {
    using keeper = klaw.actor(Keeper, { numCpus: 0 }).remote()
    const first = klaw.actor(Counter, { numCpus: 0, name: 'early' }).remote(keeper.keep.remote('x'))
    const second = klaw.actor(Counter, { numCpus: 0, name: 'early' }).remote(5)
    expect(await rejection(second.ready())).toBeInstanceOf(ActorAlreadyExistsError)
    expect(await first.add.remote(1)).toBe(2)
    await klaw.kill(first)
  })

  it('killing frees the name', async () => {
    const first = klaw.actor(Counter, { numCpus: 0, name: 'freed' }).remote()
    await first.ready()
    await klaw.kill(first)
    expect(await rejection(klaw.getActor('freed'))).toBeInstanceOf(ActorNotFoundError)
    const second = klaw.actor(Counter, { numCpus: 0, name: 'freed' }).remote(3)
    expect(await second.get.remote()).toBe(3)
    await klaw.kill(second)
  })

  it('getIfExists creates or joins', async () => {
    const Shared = klaw.actor(Counter, { numCpus: 0, name: 'shared', getIfExists: true })
    const handles = [Shared.remote(100), Shared.remote(200), Shared.remote(300)]
    // Calls by different handles may run in any order.
    const counts = await klaw.get(handles.map((handle) => handle.add.remote(1)))
    expect([...counts].sort()).toEqual([101, 102, 103])
    using keeper = klaw.actor(Keeper, { numCpus: 0 }).remote()
    const joined = Shared.remote()
    // The handle leaves before this thread can know which actor it stands for.
    const counters = new Map([['joined', joined]])
    expect(await keeper.addTo.remote({ counters }, 'joined', 1)).toBe(104)
    await klaw.kill(joined)
    for (const handle of [...handles, joined])
      expect(await rejection(handle.get.remote())).toMatchObject({ code: 'ACTOR_DIED' })
    const fresh = Shared.remote(7)
    expect(await fresh.get.remote()).toBe(7)
    await klaw.kill(fresh)
  })

  it('are listed by namespace, or all', async () => {
    const here = klaw.actor(Counter, { numCpus: 0, name: 'listed' }).remote()
    const there = klaw.actor(Counter, { numCpus: 0, name: 'listed', namespace: elsewhere }).remote()
    await Promise.all([here.ready(), there.ready()])
    expect(await klaw.listNamedActors()).toEqual([{ name: 'listed', namespace: engine.namespace }])
    const ours = async () => {
      const all = await klaw.listNamedActors({ allNamespaces: true })
      return all
        .filter(({ namespace }) => [engine.namespace, elsewhere].includes(namespace))
        .map(key)
        .sort()
    }
    expect(await ours()).toEqual([`${engine.namespace}/listed`, `${elsewhere}/listed`].sort())
    await Promise.all([klaw.kill(here), klaw.kill(there)])
    expect(await ours()).toEqual([])
  })
})
