import { RayTaskError, type Runtime, TaskCancelledError, WorkerCrashedError } from '@klaw/core'
import { afterAll, beforeAll, expect } from 'vitest'

import { rejection } from '../../support/rejection.ts'
import { conformance } from '../engine.ts'

conformance('tasks', (engine, it) => {
  const { Gate, crash, explode, fibonacci, passUntilAborted, spin, square, stay, throwAtFirst, whichThread } =
    engine.fixtures
  let klaw: Runtime
  beforeAll(async () => {
    klaw = await engine.connect({ numCpus: 2 })
  })
  afterAll(() => klaw.shutdown())

  it('run elsewhere and give their results', async () => {
    const Square = klaw.task(square)
    const refs = Array.from({ length: 200 }, (_, index) => Square.remote(index))
    expect(await klaw.get(refs)).toEqual(Array.from({ length: 200 }, (_, index) => index * index))
    expect(await Square.remote(Square.remote(3))).toBe(81)
  })

  it('use the same workers again', async () => {
    const threads = new Set<number>()
    for (let turn = 0; turn < 20; turn++) threads.add(await klaw.task(whichThread).remote())
    // A cluster has as many workers as CPUs, and those that others have left.
    expect(threads.size).toBeLessThanOrEqual(engine.name === 'ray' ? 8 : 2)
  })

  it('that throw fail with what they threw', async () => {
    const error = (await rejection(klaw.task(explode).remote('bang'))) as RayTaskError
    expect(error).toBeInstanceOf(RayTaskError)
    if (engine.language === 'python') {
      expect(error.message).toBe('klaw_fixtures.tasks.explode failed: ValueError: bang')
      expect(error.cause).toMatchObject({ name: 'ValueError', message: 'bang' })
    } else {
      expect(error.message).toBe('task explode threw RangeError: bang')
      expect(error.cause).toBeInstanceOf(RangeError)
    }
  })

  it('no more run at a time than there are CPUs for', async () => {
    const [come, came] = await klaw.channel<string>()
    const [leave, left] = await klaw.channel<string>()
    const Stay = klaw.task(stay, engine.claim(1, 'tasks'))
    const refs = ['a', 'b', 'c', 'd'].map((name) => Stay.remote(come, left, name))
    const first = [await came.recv(), await came.recv()]
    // Which of them come first, a cluster leaves open.
    if (engine.name === 'embedded') expect(first.sort()).toEqual(['a', 'b'])
    const free = klaw.task(stay, { numCpus: 0 }).remote(come, left, 'free')
    expect(await came.recv()).toBe('free')
    await expect(came.recv({ timeout: 100 })).rejects.toMatchObject({ code: 'CHANNEL_TIMEOUT' })
    for (let count = 0; count < 5; count++) await leave.send('go')
    expect(await klaw.get([...refs, free])).toEqual(['a', 'b', 'c', 'd', 'free'])
    await Promise.all([come, came, leave, left].map((end) => end.close()))
  })

  it('that wait for other tasks lend them their CPUs', async () => {
    expect(await klaw.task(fibonacci).remote(6)).toBe(8)
  })

  it('whose worker crashes run again', async () => {
    using gate = klaw.actor(Gate, { numCpus: 0 }).remote()
    expect(await klaw.task(crash).remote(gate, 2)).toBe('survived attempt 3')
  })

  it('whose worker crashes too often fail', async () => {
    using gate = klaw.actor(Gate, { numCpus: 0 }).remote()
    const error = (await rejection(klaw.task(crash, { maxRetries: 1 }).remote(gate, 10))) as WorkerCrashedError
    expect(error).toBeInstanceOf(WorkerCrashedError)
    expect(error.message).toContain(engine.name === 'ray' ? 'died unexpectedly' : 'process.exit(7)')
    expect((await gate.log.remote()).length).toBe(2)
  })

  it('that throw run again only when asked to', async () => {
    using gate = klaw.actor(Gate, { numCpus: 0 }).remote()
    expect(await rejection(klaw.task(throwAtFirst).remote(gate, 1))).toBeInstanceOf(RayTaskError)
    const retrying = klaw.task(throwAtFirst, { retryExceptions: true, maxRetries: 2 })
    expect(await retrying.remote(gate, 3)).toBe(4)
  })

  it('that wait for a worker can be cancelled', async () => {
    const [come, came] = await klaw.channel<string>()
    const [leave, left] = await klaw.channel<string>()
    const Stay = klaw.task(stay, engine.claim(1, 'tasks'))
    const running = ['a', 'b'].map((name) => Stay.remote(come, left, name))
    await came.recv()
    await came.recv()
    const waiting = Stay.remote(come, left, 'c')
    await klaw.cancel(waiting)
    expect(await rejection(waiting)).toBeInstanceOf(TaskCancelledError)
    for (let count = 0; count < 2; count++) await leave.send('go')
    expect(await klaw.get(running)).toEqual(['a', 'b'])
    await Promise.all([come, came, leave, left].map((end) => end.close()))
  })

  it('that run see their signal abort', async () => {
    using gate = klaw.actor(Gate, { numCpus: 0 }).remote()
    const running = klaw.task(passUntilAborted).remote(gate, 'it')
    await gate.arrivals.remote(1)
    await klaw.cancel(running)
    expect(await rejection(running)).toBeInstanceOf(TaskCancelledError)
  })

  it('that compute for ever can be ended by force', async () => {
    const running = klaw.task(spin).remote()
    expect(await klaw.wait([running], { timeout: 200 })).toEqual([[], [running]])
    await klaw.cancel(running, { force: true })
    expect(await rejection(running)).toBeInstanceOf(TaskCancelledError)
    expect(await klaw.task(square).remote(4)).toBe(16)
  })

  it('for which there will never be resources fail at once', async () => {
    expect(await rejection(klaw.task(square, { numCpus: 100 }).remote(1))).toMatchObject({
      code: 'ACTOR_UNSCHEDULABLE',
    })
    expect(await rejection(klaw.task(square, { numGpus: 1 }).remote(1))).toMatchObject({ code: 'ACTOR_UNSCHEDULABLE' })
  })
})
