import { DeadlockError, RayTaskError, type Runtime } from '@klaw/core'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { rejection } from '../../support/rejection.ts'
import { conformance } from '../engine.ts'

/** The error at the bottom of a chain of causes. */
function root(error: unknown): unknown {
  return error instanceof RayTaskError ? root(error.cause) : error
}

// Calls between actors in Python do not pass by anything of ours, so that nobody can know.
conformance('calls that wait for themselves', { onlyTypeScript: 'Ray does not tell' }, (engine, it) => {
  const { Circle } = engine.fixtures
  let klaw: Runtime
  beforeAll(async () => {
    klaw = await engine.connect({ numCpus: 4 })
  })
  afterAll(() => klaw.shutdown())

  describe.each(engine.placements)('with %o', ({ numCpus }) => {
    const serial = () => klaw.actor(Circle, { numCpus, maxConcurrency: 1 }).remote()

    it('an actor that waits for itself', async () => {
      using a = serial()
      const error = root(await rejection(a.around.remote([a]))) as DeadlockError
      expect(error).toBeInstanceOf(DeadlockError)
      expect(error.chain).toEqual(['CircleActor.around', 'CircleActor.around'])
      expect(error.message).toContain('CircleActor.around → CircleActor.around: the last call can not run')
      expect(await a.around.remote([])).toBe(1)
    })

    it('a circle of three', async () => {
      using a = serial()
      using b = serial()
      using c = serial()
      const error = root(await rejection(a.around.remote([b, c, a]))) as DeadlockError
      expect(error).toBeInstanceOf(DeadlockError)
      expect(error.chain).toHaveLength(4)
      expect(await c.around.remote([a, b])).toBe(3)
    })

    it('not a call that nobody waits for', async () => {
      using a = serial()
      const { answer } = await a.tellSelf.remote(a)
      expect(await answer).toBe(1)
    })
  })

  it('after an await, in threads of their own', async () => {
    const own = { numCpus: engine.placements.at(-1)?.numCpus, maxConcurrency: 1 }
    using a = klaw.actor(Circle, own).remote()
    using b = klaw.actor(Circle, own).remote()
    expect(root(await rejection(a.around.remote([b, a], true)))).toBeInstanceOf(DeadlockError)
  })

  it('through a task', { onlyEmbedded: 'who waits for a task, Ray does not tell' }, async () => {
    using a = klaw.actor(Circle, { maxConcurrency: 1 }).remote()
    const error = root(await rejection(a.byTask.remote('viaTask', a))) as DeadlockError
    expect(error).toBeInstanceOf(DeadlockError)
    expect(error.chain).toEqual(['CircleActor.byTask', 'viaTask', 'CircleActor.around'])
  })

  it('not when the actor may run several calls at a time', async () => {
    using a = klaw.actor(Circle, { numCpus: 0, maxConcurrency: 2 }).remote()
    expect(await a.around.remote([a])).toBe(2)
    const error = root(await rejection(a.around.remote([a, a])))
    expect(error).toBeInstanceOf(DeadlockError)
  })
})
