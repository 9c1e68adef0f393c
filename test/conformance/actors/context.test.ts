import { currentCall, currentRuntime, type Runtime } from '@klaw/core'
import { afterAll, beforeAll, expect } from 'vitest'
import { conformance } from '../engine.ts'

conformance('what a method knows of its call', { onlyTypeScript: 'in Python Ray tells it' }, (engine, it) => {
  const { Gate, Keeper, Worker, signalOf } = engine.fixtures
  let klaw: Runtime
  beforeAll(async () => {
    klaw = await engine.connect()
  })
  afterAll(() => klaw.shutdown())

  it('its actor, class and name', async () => {
    using worker = klaw.actor(Worker, { numCpus: 0 }).remote()
    using other = klaw.actor(Worker, { numCpus: 0 }).remote()
    const first = await worker.whoAmI.remote()
    expect(first).toEqual({ actorId: expect.any(String), className: 'WorkerActor', method: 'whoAmI' })
    expect(await worker.whoAmI.remote()).toEqual(first)
    expect((await other.whoAmI.remote()).actorId).not.toBe(first.actorId)
  })

  it('a task knows its name and has a signal', async () => {
    // On Ray the results of tasks are objects in its store, where there is one word for null and undefined.
    const actorId = engine.name === 'ray' ? null : undefined
    expect(await klaw.task(signalOf).remote()).toEqual({ actorId, method: 'signalOf', aborted: false })
  })

  it('its runtime, by which it reaches everything', async () => {
    using keeper = klaw.actor(Keeper, { numCpus: 0 }).remote()
    const { ref } = await keeper.store.remote('kept')
    expect(await ref).toBe('kept')
  })

  it('a call whose caller is killed is aborted', async () => {
    using gate = klaw.actor(Gate, { numCpus: 0 }).remote()
    using worker = klaw.actor(Worker, { numCpus: 0 }).remote()
    const caller = klaw.actor(Worker).remote()
    const relayed = caller.relay.remote(worker, gate, 'it')
    await gate.arrivals.remote(1)
    await klaw.kill(caller)
    await expect(relayed).rejects.toMatchObject({ code: 'ACTOR_DIED' })
    let log: string[]
    do log = await gate.log.remote()
    while (!log.includes('it aborted: RuntimeClosedError'))
  })

  it('outside of calls there is none', async () => {
    expect(() => currentCall()).toThrow('currentCall() is for methods of actors and for tasks')
    expect(currentRuntime()).toBe(klaw)
  })
})
