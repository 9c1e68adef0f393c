import {
  ActorDiedError,
  ActorNotFoundError,
  ActorUnavailableError,
  OwnerDiedError,
  RayTaskError,
  type Runtime,
} from '@klaw/core'
import type { LocalCluster } from '@klaw/core/cluster'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { killAbruptly, processesLike } from '../../support/ray/own-cluster.ts'
import { untilGone } from '../../support/ray/process-identity.ts'
import { failure, rejection } from '../../support/rejection.ts'
import { SerialMortal } from '../typescript/fixtures/mortal.ts'
import { Witness } from '../typescript/support/witness.ts'
import { processIdOfTask, Resident } from './fixtures/resident.ts'
import { addSecond, onFirst, onSecond, openSession, runsOn, startHead } from './support/two-nodes.ts'

/** Of that there is some on the head, and on each node that is lost. */
const either = { numCpus: 0, resources: { either: 1 } }
const places = 3

let cluster: LocalCluster
let klaw: Runtime
beforeAll(async () => {
  cluster = await startHead({ resources: { either: places } })
  klaw = await openSession(cluster)
  return async () => {
    await klaw.shutdown()
    await cluster.stop()
  }
})

/** A node that the test will lose. */
async function doomedNode() {
  const node = await addSecond(cluster, { either: places })
  onTestFinished(() => node.stop())
  return {
    node,
    /** Waits until nothing of it is left. */
    async lose(kill: () => void): Promise<void> {
      const processes = node.processes()
      expect(processesLike(node, /ray-host\.js/)).not.toEqual([])
      kill()
      await untilGone(processes)
      expect(node.processes()).toEqual([])
    },
  }
}

/** One call in flight, and four behind it. */
function busy(witness: Witness, options: object) {
  const actor = klaw.actor(SerialMortal, options).remote(witness.path)
  const calls = [actor.hold.remote('first'), ...[0, 1, 2, 3].map((number) => actor.note.remote(`queued ${number}`))]
  return { actor, calls }
}

const queued = (witness: Witness) => [0, 1, 2, 3].map((number) => witness.count(`queued ${number}`))

const ways = {
  'all of its processes are killed at once': killAbruptly,
  "Ray's process that is above the others is killed": (node: Parameters<typeof processesLike>[0]) => {
    for (const { pid } of processesLike(node, /raylet\/raylet /)) process.kill(pid, 'SIGKILL')
  },
}

describe.skipIf(process.platform !== 'linux')('a node is lost', () => {
  test.each(Object.entries(ways))(
    '%s: calls in flight, queued, and later fail, and nothing is left',
    async (_, kill) => {
      const { node, lose } = await doomedNode()
      const witness = new Witness()
      const { actor, calls } = busy(witness, { ...onSecond, maxConcurrency: 1 })
      const spinning = klaw.actor(SerialMortal, onSecond).remote()
      const spin = spinning.spin.remote('for ever')
      const idle = klaw.actor(Resident, onSecond).remote()
      const other = klaw.actor(Resident, onFirst).remote()
      const stream = idle.count.remote(1_000_000)[Symbol.asyncIterator]()
      expect(await stream.next()).toEqual({ done: false, value: 0 })
      const task = klaw.task(processIdOfTask, { ...onSecond, maxRetries: 0 })
      await task.remote()
      const { held } = await idle.put.remote(100_000)
      const made = idle.make.remote(1_000)
      expect((await made).length).toBe(1_000)
      await witness.saw('begin first')
      const throughAnother = other.sumOfStream.remote(idle, Number.POSITIVE_INFINITY)
      // That one has begun when a later call has been answered.
      await other.sum.remote(Float64Array.of(1))

      await lose(() => kill(node))
      for (const call of [...calls, spin]) expect(await rejection(call)).toBeInstanceOf(ActorDiedError)
      // What that actor's method has thrown.
      const error = await rejection(throughAnother)
      expect(error).toBeInstanceOf(RayTaskError)
      expect((error as RayTaskError).cause).toBeInstanceOf(ActorDiedError)
      for (const each of [actor, spinning])
        expect(await rejection(each.note.remote('later'))).toBeInstanceOf(ActorDiedError)
      expect(await rejection(idle.processId.remote())).toBeInstanceOf(ActorDiedError)
      expect(await rejection(idle.ready())).toBeInstanceOf(ActorDiedError)
      expect(await rejection(readOn(stream))).toBeInstanceOf(ActorDiedError)
      // What belonged to a process of that node is gone; a result is its caller's.
      expect(await rejection(klaw.get(held))).toBeInstanceOf(OwnerDiedError)
      expect((await made).length).toBe(1_000)
      expect(await other.sum.remote(made)).toBe(500)
      expect(witness.count('begin first')).toBe(1)
      expect(queued(witness)).toEqual([0, 0, 0, 0])
      expect(witness.count('later')).toBe(0)
      await klaw.kill(other)
    },
  )

  test('actors that may start again do so on the node that is left; calls are retried where that was asked for', async () => {
    // Nothing is left on the head until the actors are on the node.
    const blockers = Array.from({ length: places }, () => klaw.actor(Resident, either).remote())
    await klaw.get(blockers.map((blocker) => blocker.processId.remote()))
    const { node, lose } = await doomedNode()
    const [plain, retried] = [new Witness(), new Witness()]
    const once = busy(plain, { ...either, maxConcurrency: 1, maxRestarts: 1 })
    const again = busy(retried, { ...either, maxConcurrency: 1, maxRestarts: 1, maxTaskRetries: 1 })
    const named = klaw.actor(Resident, { ...either, maxRestarts: -1, name: 'named', lifetime: 'detached' }).remote()
    const before = await named.processId.remote()
    expect(runsOn(node, before)).toBe(true)
    await Promise.all([plain.saw('begin first'), retried.saw('begin first')])
    await Promise.all(blockers.map((blocker) => klaw.kill(blocker)))

    await lose(() => killAbruptly(node))
    for (const call of once.calls) expect(await rejection(call)).toBeInstanceOf(ActorUnavailableError)
    expect(await once.actor.note.remote('later')).toBe('later')
    expect(await klaw.get(again.calls)).toEqual(['first', ...[0, 1, 2, 3].map((number) => `queued ${number}`)])
    expect(plain.births).toHaveLength(2)
    expect(plain.count('begin first')).toBe(1)
    expect(queued(plain)).toEqual([0, 0, 0, 0])
    expect(retried.births).toHaveLength(2)
    expect(retried.lines.filter((line) => !line.startsWith('born'))).toEqual([
      'begin first',
      'begin first',
      ...[0, 1, 2, 3].map((number) => `queued ${number}`),
    ])
    const found = await klaw.getActor<{ processId(): number }>('named')
    const after = await afterRestart(() => found.processId.remote())
    expect(after).not.toBe(before)
    for (const pid of [after, plain.births[1]?.child, retried.births[1]?.child])
      expect(runsOn(cluster, pid as number)).toBe(true)
    await Promise.all([once.actor, again.actor, named].map((actor) => klaw.kill(actor)))
    await expect.poll(() => failure(klaw.getActor('named')), { timeout: 30_000 }).toBeInstanceOf(ActorNotFoundError)
  })
})

/** Reads until there is no more. */
async function readOn(stream: AsyncIterator<number>): Promise<void> {
  while ((await stream.next()).done !== true);
}

/** A call that was on its way when the node was lost says so; the next one is served. */
async function afterRestart<T>(call: () => PromiseLike<T>): Promise<T> {
  const error = await failure(call())
  if (error !== undefined) expect(error).toBeInstanceOf(ActorUnavailableError)
  return await call()
}
