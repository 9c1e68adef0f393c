import { expect, test } from 'vitest'
import { PyCall, PyGlobal } from '../../../src/engine/ray/bootstrap/pickle-values.ts'
import { RayError, RuntimeClosedError } from '../../../src/errors.ts'
import { rejection } from '../../support/rejection.ts'
import { until } from '../../support/until.ts'
import { connect, listening, settings } from './support/connect.ts'
import { FakeCluster } from './support/fake-cluster.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const agent = (name: string, [, data]: readonly unknown[]) => (name === 'start' ? listening : data)

test('a session knows the versions of its cluster, and says good-bye', async () => {
  const cluster = await FakeCluster.start()
  const bootstrap = await connect(cluster.port)
  expect(bootstrap.versions).toEqual({ ray: '2.60.0', python: '3.11.7' })
  await bootstrap.close()
  await bootstrap.close()
  expect(cluster.cleanups).toBe(1)
})

test('the agent says where it listens, and exchanges are given back', async () => {
  const cluster = await FakeCluster.start({ method: agent })
  const bootstrap = await connect(cluster.port)
  expect(await bootstrap.startAgent(settings, 'actor')).toEqual({
    host: '127.0.0.1',
    port: 4711,
    token: 'secret',
    tls: false,
  })
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, number) => bootstrap.exchange(number, bytes(`${number}`), false)),
  )
  expect(answers.map((answer) => Buffer.from(answer).toString())).toEqual(Array.from({ length: 100 }, (_, n) => `${n}`))
  // The class, and the results of 101 calls, eight at a time.
  await until(() => cluster.released.length === 1 + 96)
  expect(cluster.acknowledged.length).toBeGreaterThan(0)
})

test('results do not stay in the cluster once they are many bytes', async () => {
  const cluster = await FakeCluster.start({ method: agent })
  const bootstrap = await connect(cluster.port)
  await bootstrap.startAgent(settings, 'actor')
  const large = new Uint8Array(4 * 1024 * 1024)
  for (let number = 0; number < 2; number++) await bootstrap.exchange(number, large, false)
  // The class; what the start said; both answers.
  await until(() => cluster.released.length === 4)
})

test('exchanges that wait do not hold up others', async () => {
  let release: (data: Uint8Array) => void = () => {}
  const held = new Promise<Uint8Array>((resolve) => {
    release = resolve
  })
  const cluster = await FakeCluster.start({
    method: (name, args) => (name === 'start' ? listening : args[2] === true ? held : args[1]),
  })
  const bootstrap = await connect(cluster.port)
  await bootstrap.startAgent(settings, 'actor')
  const waiting = Array.from({ length: 8 }, (_, number) => bootstrap.exchange(number, bytes('w'), true))
  expect(await bootstrap.exchange(9, bytes('now'), false)).toEqual(bytes('now'))
  release(bytes('later'))
  for (const answer of await Promise.all(waiting)) expect(answer).toEqual(bytes('later'))
})

test('what goes wrong in the agent is told with its traceback', async () => {
  const cluster = await FakeCluster.start({ method: () => new TypeError('no port') })
  const bootstrap = await connect(cluster.port)
  const error = await rejection(bootstrap.startAgent(settings, 'actor'))
  expect(error).toBeInstanceOf(RayError)
  expect((error as Error).message).toBe('the agent did not start: Traceback\nTypeError: no port')
})

test("what goes wrong before the agent runs is one of Ray's exceptions, which is described", async () => {
  const died = new PyCall(new PyGlobal('ray.exceptions', 'ActorDiedError'), ['the worker was killed'])
  const cluster = await FakeCluster.start({ method: () => died })
  const bootstrap = await connect(cluster.port)
  const error = await rejection(bootstrap.startAgent(settings, 'actor'))
  expect(error).toBeInstanceOf(RayError)
  expect((error as Error).message).toBe('the agent did not start: ray.exceptions.ActorDiedError: the worker was killed')
})

test('an upload is made once, and pinned', async () => {
  const cluster = await FakeCluster.start()
  const bootstrap = await connect(cluster.port)
  await bootstrap.upload('gcs://_ray_pkg_1.zip', bytes('zip'))
  await bootstrap.upload('gcs://_ray_pkg_1.zip', bytes('other'))
  expect(cluster.store.get('gcs://_ray_pkg_1.zip')).toEqual(bytes('zip'))
  expect(cluster.pinned).toEqual(['gcs://_ray_pkg_1.zip', 'gcs://_ray_pkg_1.zip'])
})

test('closing settles what is under way, and refuses what comes', async () => {
  const cluster = await FakeCluster.start({ method: (name) => (name === 'start' ? listening : new Promise(() => {})) })
  const bootstrap = await connect(cluster.port)
  await bootstrap.startAgent(settings, 'actor')
  const pending = rejection(bootstrap.exchange(1, bytes('a'), true))
  await until(() => cluster.executed.length === 2)
  await bootstrap.close()
  expect(await pending).toBeInstanceOf(RuntimeClosedError)
  expect(await rejection(bootstrap.exchange(2, bytes('b'), true))).toBeInstanceOf(RuntimeClosedError)
  expect(await rejection(bootstrap.upload('gcs://x', bytes('b')))).toBeInstanceOf(RuntimeClosedError)
})
