import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pyFunction, type Runtime } from '@klaw/core'
import type { ClusterNode, LocalCluster } from '@klaw/core/cluster'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { processIdOfTask, Resident, sumThrough } from './fixtures/resident.ts'
import { addSecond, onFirst, onSecond, openSession, runsOn, startHead } from './support/two-nodes.ts'

interface Answers {
  readonly node: string
  readonly process: number
  readonly sum: number
  readonly sum_of_object: number
  readonly numbers: number[]
}
const askByName = pyFunction<(name: string, namespace: string, values: Float64Array) => Answers>(
  'node_shapes',
  'ask_by_name',
)

/** Numbers of 8 bytes: too many for a message. */
const many = 1_000_000
const values = new Float64Array(many).fill(0.25)

let folder: string
let cluster: LocalCluster
let node: ClusterNode
let klaw: Runtime
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'klaw-nodes-'))
  cluster = await startHead({ env: { TMPDIR: folder } })
  node = await addSecond(cluster)
  klaw = await openSession(cluster)
  return async () => {
    await klaw.shutdown()
    await cluster.stop()
    rmSync(folder, { recursive: true, force: true })
  }
})

/** Where processes of all nodes of this machine find code: by what is in it. */
function foldersOfCode(): string[] {
  return readdirSync(folder)
    .filter((name) => name.startsWith('klaw-'))
    .flatMap((name) => readdirSync(join(folder, name)))
}

/** An actor on each node, which end with the test. */
function pair() {
  const here = klaw.actor(Resident, onFirst).remote()
  const there = klaw.actor(Resident, onSecond).remote()
  onTestFinished(async () => {
    await Promise.all([klaw.kill(here), klaw.kill(there)])
  })
  return { here, there }
}

// The first one: the code has not been written there yet.
test('many processes of both nodes write code to the same folder at once: each finds all of it, and nothing else is left', async () => {
  const before = foldersOfCode()
  const actors = [onFirst, onSecond, onFirst, onSecond].map((place) => klaw.actor(Resident, place).remote())
  const tasks = [onFirst, onSecond].map((place) => klaw.task(processIdOfTask, place).remote())
  const sums = await klaw.get(actors.map((actor, index) => actor.sum.remote(Float64Array.of(index, 1))))
  expect(sums).toEqual([1, 2, 3, 4])
  expect(new Set(await klaw.get(tasks)).size).toBe(2)
  // One for the package, one for the module's bundle.
  const after = foldersOfCode()
  expect(after.length).toBeGreaterThanOrEqual(before.length + 2)
  // What is known of a Node lies there too.
  for (const name of after) expect(name).toMatch(/^(node-)?[0-9a-f]{32}$/)
  await Promise.all(actors.map((actor) => klaw.kill(actor)))
})

test.skipIf(process.platform !== 'linux')('actors and tasks run where what they claim is', async () => {
  const { here, there } = pair()
  const [first, second] = await klaw.get([here.processId.remote(), there.processId.remote()])
  expect({ first: runsOn(cluster, first), second: runsOn(node, first) }).toEqual({ first: true, second: false })
  expect({ first: runsOn(cluster, second), second: runsOn(node, second) }).toEqual({ first: false, second: true })
  const [firstTask, secondTask] = await klaw.get([
    klaw.task(processIdOfTask, onFirst).remote(),
    klaw.task(processIdOfTask, onSecond).remote(),
  ])
  expect(runsOn(cluster, firstTask)).toBe(true)
  expect(runsOn(node, secondTask)).toBe(true)
})

test('calls from the client, and between actors of different nodes, in both directions', async () => {
  const { here, there } = pair()
  expect(await there.sum.remote(Float64Array.of(1, 2, 3))).toBe(6)
  expect(await here.delegate.remote(there, Float64Array.of(1, 2))).toBe(3)
  expect(await there.delegate.remote(here, Float64Array.of(3, 4))).toBe(7)
  const [forth, back] = await klaw.get([here.callMany.remote(there, 2_000), there.callMany.remote(here, 2_000)])
  expect([forth, back]).toEqual([1_999_000, 1_999_000])
})

test('a task on one node calls an actor on the other', async () => {
  const { here, there } = pair()
  const sums = await klaw.get([
    klaw.task(sumThrough, onSecond).remote(here, Float64Array.of(1, 2)),
    klaw.task(sumThrough, onFirst).remote(there, Float64Array.of(3, 4)),
  ])
  expect(sums).toEqual([6, 14])
})

test('large objects as arguments, by refs in values, and as results that are passed on', async () => {
  const { here, there } = pair()
  const held = klaw.put(values)
  const quarter = [many / 4, many / 4]
  expect(await klaw.get([here.sum.remote(held), there.sum.remote(held)])).toEqual(quarter)
  expect(await klaw.get([here.sumOfHeld.remote({ held }), there.sumOfHeld.remote({ held })])).toEqual(quarter)
  expect(await klaw.get([here.delegate.remote(there, values), there.delegate.remote(here, values)])).toEqual(quarter)
  // Results of calls that the client has never seen.
  expect(await here.sum.remote(there.make.remote(many))).toBe(many / 2)
  expect(await there.sum.remote(here.make.remote(many))).toBe(many / 2)
  const theirs = (await there.put.remote(many)).held
  expect(await here.sumOfHeld.remote({ held: theirs })).toBe(many / 2)
  expect((await klaw.get(theirs)).length).toBe(many)
})

test('streams: to the client, and between nodes', async () => {
  const { here, there } = pair()
  let sum = 0
  for await (const number of there.count.remote(500)) sum += number
  expect(sum).toBe(124_750)
  const sums = await klaw.get([here.sumOfStream.remote(there, 500), there.sumOfStream.remote(here, 500)])
  expect(sums).toEqual([124_750, 124_750])
})

test('an actor is found by its name from the other node, in TypeScript and in Python', async () => {
  const namespace = 'nodes'
  const { here, there } = pair()
  const ours = klaw.actor(Resident, { ...onFirst, name: 'ours', namespace }).remote()
  const theirs = klaw.actor(Resident, { ...onSecond, name: 'theirs', namespace }).remote()
  const [first, second] = await klaw.get([ours.processId.remote(), theirs.processId.remote()])
  const named = klaw.actor(Resident, { ...onSecond, name: 'named' }).remote()
  expect(await here.processIdOf.remote('named')).toBe(await named.processId.remote())
  expect(await there.processIdOf.remote('named')).toBe(await named.processId.remote())
  const [fromSecond, fromFirst] = await klaw.get([
    klaw.task(askByName, onSecond).remote('ours', namespace, values),
    klaw.task(askByName, onFirst).remote('theirs', namespace, values),
  ])
  const answers = { sum: many / 4, sum_of_object: many / 4, numbers: [0, 1, 2] }
  expect(fromSecond).toMatchObject({ ...answers, process: first })
  expect(fromFirst).toMatchObject({ ...answers, process: second })
  expect(fromFirst.node).not.toBe(fromSecond.node)
  await Promise.all([ours, theirs, named].map((actor) => klaw.kill(actor)))
})
