import {
  ActorDiedError,
  ActorUnavailableError,
  OutOfMemoryError,
  RayError,
  type Runtime,
  type RuntimeEnv,
} from '@klaw/core'
import { beforeAll, expect, test } from 'vitest'
import { failure, rejection } from '../../support/rejection.ts'
import { Mortal } from './fixtures/mortal.ts'
import { childrenOf, processesOf, untilReaped } from './support/processes.ts'
import { free, openSession } from './support/session.ts'
import { Witness } from './support/witness.ts'

let klaw: Runtime
beforeAll(async () => {
  klaw = await openSession()
  return () => klaw.shutdown()
})

interface End {
  readonly how: string
  /** What brings the end about. */
  readonly end: (actor: ReturnType<typeof start>['actor']) => PromiseLike<unknown>
  /** What the error says, and the class of its cause. */
  readonly says: RegExp
  readonly cause: typeof RayError
  /** What the uncaught error was. */
  readonly thrown?: object
  readonly runtimeEnv?: RuntimeEnv
}

const ends: readonly End[] = [
  { how: 'process.exit(0)', end: (actor) => actor.exit.remote(0), says: /exit code 0/, cause: RayError },
  { how: 'process.exit(3)', end: (actor) => actor.exit.remote(3), says: /exit code 3/, cause: RayError },
  {
    how: 'an uncaught exception',
    end: (actor) => actor.throwLater.remote(),
    says: /uncaught error: InvoiceError: invoice 9 is wrong/,
    cause: RayError,
    thrown: { name: 'InvoiceError', invoice: 9, cause: { message: 'out of paper' } },
  },
  {
    how: 'an unhandled rejection',
    end: (actor) => actor.rejectLater.remote(),
    says: /uncaught error: InvoiceError: invoice 10 is wrong/,
    cause: RayError,
    thrown: { name: 'InvoiceError', invoice: 10 },
  },
  {
    how: 'a full heap',
    end: (actor) => actor.fillHeap.remote(),
    says: /out of memory: its heap was full/,
    cause: OutOfMemoryError,
    runtimeEnv: { env_vars: { NODE_OPTIONS: '--max-old-space-size=64' } },
  },
]

function start(maxRestarts: number, runtimeEnv: RuntimeEnv = {}) {
  const witness = new Witness()
  return { witness, actor: klaw.actor(Mortal, { ...free, maxRestarts, runtimeEnv }).remote(witness.path) }
}

test.each(ends)(
  '$how: every call fails with the reason, and nothing is left',
  async ({ end, says, cause, thrown, runtimeEnv }) => {
    const { actor, witness } = start(0, runtimeEnv)
    const held = actor.hold.remote('held')
    await witness.saw('begin held')
    const processes = processesOf(Object.values(witness.births[0] ?? {}))
    const ending = failure(end(actor))
    const error = (await rejection(held)) as ActorDiedError
    expect(error).toBeInstanceOf(ActorDiedError)
    expect(error.message).toMatch(says)
    expect(error.cause).toBeInstanceOf(cause)
    const reason = (error.cause as Error).cause as Error | undefined
    if (thrown === undefined) expect(reason).toBeUndefined()
    else {
      expect(reason).toMatchObject(thrown)
      expect(reason?.stack).toMatch(/mortal\.ts:\d+:\d+/)
    }
    // What has been answered before the end has been answered.
    const ended = await ending
    if (thrown === undefined) expect(ended).toBeInstanceOf(ActorDiedError)
    expect(await rejection(actor.note.remote('afterwards'))).toMatchObject({ message: error.message })
    await untilReaped(processes)
  },
)

test('with restarts left the actor starts anew, whatever it has ended of; what ends it again ends it for good', async () => {
  await Promise.all(
    ends.map(async ({ end, says, runtimeEnv }) => {
      const { actor, witness } = start(1, runtimeEnv)
      const held = actor.hold.remote('held')
      await witness.saw('begin held')
      await failure(end(actor))
      expect(await rejection(held)).toBeInstanceOf(ActorUnavailableError)
      expect(await actor.note.remote('again')).toBe('again')
      expect(witness.births).toHaveLength(2)
      expect(witness.count('again')).toBe(1)
      const processes = processesOf(Object.values(witness.births[1] ?? {}))
      const last = actor.ignore.remote('last')
      await witness.saw('begin last')
      await failure(end(actor))
      const error = (await rejection(last)) as ActorDiedError
      expect(error).toBeInstanceOf(ActorDiedError)
      expect(error.message).toMatch(says)
      await untilReaped(processes)
    }),
  )
})

test('a method that never settles while the actor is killed: it is settled here, and its process is gone', async () => {
  const { actor, witness } = start(1)
  const calls = [actor.ignore.remote('deaf'), actor.hold.remote('patient'), actor.spin.remote('busy')]
  await witness.saw('begin busy')
  const first = processesOf(Object.values(witness.births[0] ?? {}))
  await klaw.kill(actor, { noRestart: false })
  for (const call of calls) expect(await rejection(call)).toBeInstanceOf(ActorUnavailableError)
  await untilReaped(first)

  const again = [actor.ignore.remote('deaf again'), actor.hold.remote('patient again'), actor.spin.remote('busy again')]
  await witness.saw('begin busy again')
  const [, birth] = witness.births
  const second = processesOf(Object.values(birth ?? {}))
  expect(childrenOf(birth?.worker as number)).toEqual([birth?.child])
  await klaw.kill(actor)
  for (const call of again) expect(await rejection(call)).toBeInstanceOf(ActorDiedError)
  await untilReaped(second)
  expect(witness.births).toHaveLength(2)
})
