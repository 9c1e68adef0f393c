import { expect, test } from 'vitest'
import { RayError } from '../../../src/errors.ts'
import { rejection } from '../../support/rejection.ts'
import { until } from '../../support/until.ts'
import { connect, listening, settings } from './support/connect.ts'
import { FakeCluster } from './support/fake-cluster.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

test('a broken connection is replaced, and nothing is done twice', async () => {
  let release: (data: Uint8Array) => void = () => {}
  const held = new Promise<Uint8Array>((resolve) => {
    release = resolve
  })
  const cluster = await FakeCluster.start({ method: (name) => (name === 'start' ? listening : held) })
  const bootstrap = await connect(cluster.port)
  await bootstrap.startAgent(settings, 'actor')
  const pending = Array.from({ length: 8 }, (_, number) => bootstrap.exchange(number, bytes('x'), true))
  await until(() => cluster.executed.length === 9)
  for (let cut = 1; cut <= 3; cut += 1) {
    cluster.cut()
    await until(() => cluster.streams.length === cut + 1)
  }
  release(bytes('done'))
  for (const answer of await Promise.all(pending)) expect(answer).toEqual(bytes('done'))
  expect(cluster.executed).toHaveLength(9)
  expect(new Set(cluster.streams.map(({ clientId }) => clientId)).size).toBe(1)
  expect(cluster.streams.map(({ reconnecting }) => reconnecting)).toEqual(['False', 'True', 'True', 'True'])
})

test('a cut in the midst of requests loses and doubles none', async () => {
  const cluster = await FakeCluster.start({
    method: (name, [number]) => (name === 'start' ? listening : bytes(`${number}`.repeat(50))),
    partSize: 7,
  })
  const bootstrap = await connect(cluster.port)
  await bootstrap.startAgent(settings, 'actor')
  const pending = Array.from({ length: 300 }, (_, number) => bootstrap.exchange(number, bytes('x'), false))
  for (const reached of [20, 100, 200]) {
    await until(() => cluster.executed.length > reached)
    cluster.cut()
  }
  const answers = await Promise.all(pending)
  expect(answers.map((answer) => Buffer.from(answer).toString())).toEqual(
    Array.from({ length: 300 }, (_, number) => `${number}`.repeat(50)),
  )
  expect(cluster.executed).toHaveLength(301)
  expect(new Set(cluster.executed).size).toBe(301)
})

test('requests made without a connection are sent with the next one', async () => {
  const cluster = await FakeCluster.start({ method: (name, args) => (name === 'start' ? listening : args[1]) })
  const bootstrap = await connect(cluster.port)
  await bootstrap.startAgent(settings, 'actor')
  await cluster.stop()
  const pending = [bootstrap.exchange(1, bytes('a'), false), bootstrap.exchange(2, bytes('b'), false)]
  // The same cluster, as its clients see it, would know the session: this one does not.
  await FakeCluster.start({ port: cluster.port })
  for (const error of await Promise.all(pending.map(rejection))) {
    expect(error).toBeInstanceOf(RayError)
    expect((error as Error).message).toMatch(/already been cleaned up/)
  }
})

test('a session that finds no way back is lost when its grace period is over', async () => {
  const cluster = await FakeCluster.start({ method: (name) => (name === 'start' ? listening : new Promise(() => {})) })
  const bootstrap = await connect(cluster.port, { timeouts: { grace: 300 } })
  const lost: Error[] = []
  bootstrap.onLost((error) => lost.push(error))
  await bootstrap.startAgent(settings, 'actor')
  const pending = rejection(bootstrap.exchange(1, bytes('x'), true))
  await until(() => cluster.executed.length === 2)
  await cluster.stop()
  const error = await pending
  expect(error).toBeInstanceOf(RayError)
  expect((error as Error).message).toMatch(/no way back within 300 ms .*ECONNREFUSED/)
  expect(lost).toEqual([error])
  expect(await rejection(bootstrap.exchange(2, bytes('x'), true))).toBe(error)
  expect(await rejection(bootstrap.upload('gcs://x', bytes('x')))).toBe(error)
  await new Promise<void>((resolve) => {
    bootstrap.onLost(() => resolve())
  })
})

test('without a grace period a broken connection ends the session at once', async () => {
  const cluster = await FakeCluster.start()
  const bootstrap = await connect(cluster.port, { timeouts: { grace: 0 } })
  const lost = new Promise<Error>((resolve) => {
    bootstrap.onLost(resolve)
  })
  cluster.cut()
  expect((await lost).message).toMatch(/broke for good/)
  expect(cluster.streams).toHaveLength(1)
})

test('closing ends the attempts to come back', async () => {
  const cluster = await FakeCluster.start()
  const bootstrap = await connect(cluster.port)
  await cluster.stop()
  await bootstrap.close()
})

test('uploads survive a broken connection', async () => {
  const cluster = await FakeCluster.start()
  const bootstrap = await connect(cluster.port)
  const uploads = Array.from({ length: 20 }, (_, number) =>
    bootstrap.upload(`gcs://${number}`, new Uint8Array(100_000)),
  )
  await until(() => cluster.store.size > 3)
  cluster.cut()
  await Promise.all(uploads)
  expect(cluster.store.size).toBe(20)
})
