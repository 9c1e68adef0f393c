import { ActorDiedError, ActorUnavailableError, type Runtime } from '@klaw/core'
import { beforeAll, describe, expect, test } from 'vitest'
import { failure, rejection } from '../../support/rejection.ts'
import { until } from '../../support/until.ts'
import { SerialMortal } from './fixtures/mortal.ts'
import { processesOf, untilReaped } from './support/processes.ts'
import { free, openSession } from './support/session.ts'
import { Witness } from './support/witness.ts'

/** Whom the test kills: the actor's own process, or the worker of Ray's that has started it. */
const victims = ['child', 'worker'] as const
/** What the actor does meanwhile: it waits for something, or has no time for anything. */
const works = ['hold', 'spin'] as const

let klaw: Runtime
beforeAll(async () => {
  klaw = await openSession()
  return () => klaw.shutdown()
})

interface Mortality {
  readonly victim: (typeof victims)[number]
  readonly work: (typeof works)[number]
  readonly maxRestarts: number
  readonly maxTaskRetries: number
}

/** Kills an actor with one call in flight, and four queued behind it in its process; returns what became of them. */
async function killed({ victim, work, maxRestarts, maxTaskRetries }: Mortality) {
  const witness = new Witness()
  const options = { ...free, maxConcurrency: 1, maxRestarts, maxTaskRetries }
  const actor = klaw.actor(SerialMortal, options).remote(witness.path)
  const running = actor[work].remote('first')
  const queued = [0, 1, 2, 3].map((number) => actor.note.remote(`queued ${number}`))
  await witness.saw('begin first')
  const [birth] = witness.births
  const processes = processesOf([birth?.child as number, birth?.worker as number])
  process.kill(birth?.[victim] as number, 'SIGKILL')
  const failures = await Promise.all([running, ...queued].map((ref) => failure(ref)))
  await untilReaped(processes)
  return { actor, witness, failures, first: await failure(running) }
}

/** How often each of the calls that were queued has been executed. */
function executions(witness: Witness): readonly number[] {
  return [0, 1, 2, 3].map((number) => witness.count(`queued ${number}`))
}

describe.each(victims)('the %s is killed', (victim) => {
  test.each(works)('while the actor is busy (%s), without restarts: dead', async (work) => {
    const { actor, witness, failures } = await killed({ victim, work, maxRestarts: 0, maxTaskRetries: 0 })
    for (const error of failures) {
      expect(error).toBeInstanceOf(ActorDiedError)
      // Ray's own words, where its worker was killed.
      expect((error as Error).message).toMatch(victim === 'child' ? /Node process ended by SIGKILL/ : /died/)
    }
    expect(await rejection(actor.note.remote('afterwards'))).toBeInstanceOf(ActorDiedError)
    expect(await rejection(actor.ready())).toBeInstanceOf(ActorDiedError)
    expect(witness.births).toHaveLength(1)
    expect(witness.count('begin first')).toBe(1)
    expect(executions(witness)).toEqual([0, 0, 0, 0])
  })

  test.each(works)(
    'while the actor is busy (%s), with restarts: what was in flight is not called again',
    async (work) => {
      const { actor, witness, failures } = await killed({ victim, work, maxRestarts: 1, maxTaskRetries: 0 })
      for (const error of failures) {
        expect(error).toBeInstanceOf(ActorUnavailableError)
        expect((error as Error).message).toContain('may or may not have been executed')
      }
      expect(await actor.note.remote('afterwards')).toBe('afterwards')
      expect(witness.births).toHaveLength(2)
      expect(witness.count('begin first')).toBe(1)
      expect(executions(witness)).toEqual([0, 0, 0, 0])
      const last = processesOf(Object.values(witness.births[1] ?? {}))
      await klaw.kill(actor)
      await untilReaped(last)
    },
  )

  test.each(works)(
    'while the actor is busy (%s), with retries: everything is called once more, in order',
    async (work) => {
      const { actor, witness, failures } = await killed({ victim, work, maxRestarts: 1, maxTaskRetries: 1 })
      expect(failures).toEqual(Array.from({ length: 5 }))
      expect(witness.births).toHaveLength(2)
      const done = witness.lines.filter((line) => !line.startsWith('born'))
      expect(done).toEqual(['begin first', 'begin first', ...[0, 1, 2, 3].map((number) => `queued ${number}`)])
      // Those retries, and the restart, were all there are.
      const last = processesOf(Object.values(witness.births[1] ?? {}))
      process.kill(witness.births[1]?.[victim] as number, 'SIGKILL')
      expect(await rejection(actor.ignore.remote('again'))).toBeInstanceOf(ActorDiedError)
      await untilReaped(last)
    },
  )

  test('while the actor has nothing to do: calls that come later reach the next one, or are told what it died of', async () => {
    const [lonely, lucky] = await Promise.all([idleKilled(victim, 0), idleKilled(victim, 1)])
    const error = await rejection(lonely.actor.note.remote('afterwards'))
    expect(error).toBeInstanceOf(ActorDiedError)
    expect((error as Error).message).toMatch(victim === 'child' ? /Node process ended by SIGKILL/ : /died/)
    expect(lonely.witness.count('afterwards')).toBe(0)
    // Until it is noticed here, a call may go where nobody is any more; then nobody can say whether it was executed.
    await until(async () => {
      const error = await failure(lucky.actor.note.remote('afterwards'))
      if (error !== undefined) expect(error).toBeInstanceOf(ActorUnavailableError)
      return error === undefined
    })
    expect(lucky.witness.births).toHaveLength(2)
    expect(lucky.witness.count('afterwards')).toBe(1)
  })
})

/** Kills an actor that nobody calls. */
async function idleKilled(victim: Mortality['victim'], maxRestarts: number) {
  const witness = new Witness()
  const actor = klaw.actor(SerialMortal, { ...free, maxRestarts }).remote(witness.path)
  const [child, worker] = await actor.processes.remote()
  const processes = processesOf([child, worker])
  process.kill(victim === 'child' ? child : worker, 'SIGKILL')
  await untilReaped(processes)
  return { actor, witness }
}
