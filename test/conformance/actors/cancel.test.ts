import { type Runtime, TaskCancelledError } from '@klaw/core'
import { afterAll, beforeAll, expect } from 'vitest'
import { rejection } from '../../support/rejection.ts'
import { conformance } from '../engine.ts'

conformance('cancel', (engine, it) => {
  const { Gate, Keeper, Plain, SerialWorker, Worker } = engine.fixtures
  let klaw: Runtime
  beforeAll(async () => {
    klaw = await engine.connect()
  })
  afterAll(() => klaw.shutdown())

  it('a call that waits at its actor does not run', {
    onlyTypeScript: 'Ray refuses a call of a Python actor when its turn comes; should it come first, the call runs',
  }, async () => {
    using gate = klaw.actor(Gate, { numCpus: 0 }).remote()
    using worker = klaw.actor(SerialWorker, { numCpus: 0, maxConcurrency: 1 }).remote()
    const running = worker.work.remote(gate, 'running')
    const queued = worker.work.remote(gate, 'queued')
    const behind = worker.work.remote(gate, 'behind')
    await gate.arrivals.remote(1)
    await klaw.cancel(queued)
    expect(await rejection(queued)).toBeInstanceOf(TaskCancelledError)
    gate.open.remote()
    expect(await klaw.get([running, behind])).toEqual(['running', 'behind'])
    expect(await gate.log.remote()).not.toContain('queued waits')
  })

  it('a call that waits for its arguments does not run, and lets others pass', async () => {
    using gate = klaw.actor(Gate, { numCpus: 0 }).remote()
    using plain = klaw.actor(Plain, { numCpus: 0 }).remote()
    const waiting = plain.append.remote(gate.pass.remote('argument'))
    const behind = plain.append.remote('behind')
    await klaw.cancel(waiting)
    expect(await rejection(waiting)).toBeInstanceOf(TaskCancelledError)
    expect(await behind).toBe(1)
    gate.open.remote()
    expect(await plain.entries.remote()).toEqual(['behind'])
  })

  it('a running method sees its signal abort', async () => {
    using gate = klaw.actor(Gate, { numCpus: 0 }).remote()
    using worker = klaw.actor(Worker, { numCpus: 0 }).remote()
    const running = worker.workUntilAborted.remote(gate, 'it')
    await gate.arrivals.remote(1)
    await klaw.cancel(running)
    const error = (await rejection(running)) as TaskCancelledError
    expect(error).toBeInstanceOf(TaskCancelledError)
    expect(await gate.log.remote()).toContain('it aborted: TaskCancelledError')
    expect(await worker.made.remote()).toBe(1)
  })

  it('a method that takes no notice goes on, and its result counts', async () => {
    using gate = klaw.actor(Gate, { numCpus: 0 }).remote()
    using worker = klaw.actor(Worker, { numCpus: 0 }).remote()
    const running = worker.workOn.remote(gate, 'it')
    await gate.arrivals.remote(1)
    await klaw.cancel(running)
    gate.open.remote()
    expect(await running).toBe('it done')
  })

  it('a call that has finished stays as it is', async () => {
    using plain = klaw.actor(Plain, { numCpus: 0 }).remote()
    const done = plain.append.remote('x')
    expect(await done).toBe(1)
    await klaw.cancel(done)
    expect(await done).toBe(1)
    await klaw.cancel(klaw.put('no call at all'))
  })

  it('whoever holds the ref can cancel', async () => {
    using gate = klaw.actor(Gate, { numCpus: 0 }).remote()
    using worker = klaw.actor(Worker, { numCpus: 0 }).remote()
    using keeper = klaw.actor(Keeper, { numCpus: 0 }).remote()
    const running = worker.workUntilAborted.remote(gate, 'it')
    await gate.arrivals.remote(1)
    await keeper.keep.remote([running])
    await keeper.cancelKept.remote()
    expect(await rejection(running)).toBeInstanceOf(TaskCancelledError)
  })

  it('force is refused for actors', async () => {
    using gate = klaw.actor(Gate, { numCpus: 0 }).remote()
    const running = gate.pass.remote('it')
    const error = await rejection(klaw.cancel(running, { force: true }))
    expect(error).toBeInstanceOf(TypeError)
    expect((error as Error).message).toContain('force')
    gate.open.remote()
    expect(await running).toBe('it')
  })
})
