import { ActorDiedError, channel, pyActorClass, RuntimeClosedError } from '@klaw/core'
import { expect, test } from 'vitest'
import { rejection } from '../../support/rejection.ts'
import { until } from '../../support/until.ts'
import { Counter, session } from './session.ts'

const actorOptions = { numCpus: 0 }
const Worker = pyActorClass<{ process(word: string): string }, []>('pool_shapes', 'Worker')
const Broken = pyActorClass<{ anything(value: number): void }, []>('engine_shapes', 'Broken')

test('Python actors as the workers of a pool', async () => {
  const klaw = await session()
  const [tx, rx] = channel<number>()
  const results: number[] = []
  const counting = klaw.pool(rx, Counter, {
    size: 2,
    method: 'add',
    args: [100, 0],
    actorOptions,
    concurrency: 4,
    onResult: (result) => results.push(result),
  })
  for (let item = 0; item < 50; item++) await tx.send(item)
  tx.close()
  expect(await counting.done).toMatchObject({ processed: 50, failed: 0, deaths: 0 })
  expect(results).toEqual(Array.from({ length: 50 }, () => 100))
  rx.close()
})

test('a pool survives Python actors that die in the middle of an item', async () => {
  const klaw = await session()
  const [tx, rx] = channel<string>()
  const told: [unknown, string][] = []
  const results: string[] = []
  const leaving = klaw.pool(rx, Worker, {
    size: 2,
    actorOptions,
    retries: 1,
    onResult: (result) => results.push(result),
    onError: (error, item) => told.push([error, item]),
  })
  await tx.sendBatch(['a', 'leave', 'b', 'c'])
  tx.close()
  expect(await leaving.done).toMatchObject({ processed: 3, failed: 1, retried: 1, deaths: 2 })
  expect(results.sort()).toEqual(['A', 'B', 'C'])
  expect(told).toEqual([[expect.any(ActorDiedError), 'leave']])
  rx.close()
})

test('a pool fails when its Python actors can not be made, and ends with its runtime', async () => {
  const klaw = await session()
  const [tx, rx] = channel<number>()
  const broken = klaw.pool(rx, Broken, { size: 2, method: 'anything', actorOptions })
  expect(await rejection(broken.done)).toBeInstanceOf(ActorDiedError)
  const idle = klaw.pool(rx, Counter, { size: 1, method: 'add', actorOptions })
  await until(() => idle.workers[0]?.state === 'idle')
  const done = rejection(idle.done)
  await klaw.shutdown()
  expect(await done).toBeInstanceOf(RuntimeClosedError)
  expect(rx.stats().receivers).toBe(1)
  tx.close()
  rx.close()
})
