import { type Runtime, RuntimeClosedError } from '@klaw/core'
import { expect } from 'vitest'
import { rejection } from '../../support/rejection.ts'
import { conformance } from '../engine.ts'

conformance('shutting down', (engine, it) => {
  const { Counter, Gate, Streams, Worker, square, stay } = engine.fixtures
  it('refuses everything that is pending', async () => {
    const klaw = await engine.connect({ numCpus: 1 })
    const gate = klaw.actor(Gate, { numCpus: 0 }).remote()
    const only = engine.claim(1, 'closing')
    const worker = klaw.actor(Worker, { ...only, maxConcurrency: 1 }).remote()
    const running = worker.workOn.remote(gate, 'running')
    const queued = worker.workOn.remote(gate, 'queued')
    const argument = worker.workOn.remote(gate, gate.pass.remote('argument'))
    await gate.arrivals.remote(1)
    const unplaced = klaw.actor(Counter, only).remote()
    const early = unplaced.get.remote()
    const ready = unplaced.ready()
    const task = klaw.task(square, only).remote(1)
    const values = klaw.actor(Streams, { numCpus: 0 }).remote().forever.remote()
    await values.next()
    const pending = [running, queued, argument, early, ready, task].map(rejection)
    await klaw.shutdown()
    for (const error of await Promise.all(pending)) expect(error).toBeInstanceOf(RuntimeClosedError)
    expect(await rejection(values.next())).toBeInstanceOf(RuntimeClosedError)
  })

  it('refuses what comes afterwards', async () => {
    const klaw = await engine.connect()
    const counter = klaw.actor(Counter, { numCpus: 0 }).remote()
    const done = counter.add.remote(1)
    await done
    await klaw.shutdown()
    await klaw.shutdown()
    const late = klaw.actor(Counter).remote()
    const refused = [
      counter.add.remote(1),
      counter.ready(),
      late.add.remote(1),
      late.ready(),
      klaw.task(square).remote(1),
      klaw.getActor('x'),
      klaw.listNamedActors(),
      klaw.kill(counter),
      klaw.cancel(done),
    ]
    for (const late of refused) expect(await rejection(late)).toBeInstanceOf(RuntimeClosedError)
    counter[Symbol.dispose]()
  })

  it('ends tasks that run', async () => {
    const klaw = await engine.connect()
    const [come, came] = await klaw.channel<string>()
    const [, left] = await klaw.channel<string>()
    const running = rejection(klaw.task(stay).remote(come, left, 'it'))
    await came.recv()
    await klaw.shutdown()
    expect(await running).toBeInstanceOf(RuntimeClosedError)
  })

  it('two runtimes know nothing of one another', async () => {
    const [one, other] = (await Promise.all([engine.connect(), engine.connect()])) as [Runtime, Runtime]
    // On a cluster they share its names.
    const name = engine.name === 'ray' ? undefined : 'same'
    const first = one.actor(Counter, { numCpus: 0, name }).remote(1)
    const second = other.actor(Counter, { numCpus: 0, name }).remote(2)
    expect(await Promise.all([first.get.remote(), second.get.remote()])).toEqual([1, 2])
    const foreign = await rejection(first.add.remote(second.get.remote()))
    expect(foreign).toMatchObject({ code: 'SERIALIZATION', message: expect.stringContaining('another runtime') })
    const handle = await rejection(first.add.remote(second as never))
    const belongs = { message: expect.stringContaining('another runtime') }
    expect(handle).toMatchObject({ code: 'SERIALIZATION', path: 'args[0]', cause: belongs })
    const kill = await rejection(one.kill(second))
    expect(kill).toBeInstanceOf(TypeError)
    await one.shutdown()
    expect(await second.add.remote(1)).toBe(3)
    await other.shutdown()
  })
})
