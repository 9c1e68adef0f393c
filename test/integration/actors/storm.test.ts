import { ActorDiedError, ActorUnavailableError, connect, type Runtime } from '@klaw/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Plain } from '../../fixtures/actors/counter.ts'
import { Keeper } from '../../fixtures/actors/gate.ts'

let klaw: Runtime
beforeAll(async () => {
  klaw = await connect()
})
afterAll(() => klaw.shutdown())

const calls = 3_000
const turn = () => new Promise((resolve) => setImmediate(resolve))

/** Makes calls in bursts, while the actor is killed again and again. */
async function storm<Value>(
  actor: object,
  call: (index: number) => PromiseLike<Value>,
): Promise<PromiseSettledResult<Value>[]> {
  const results: Promise<PromiseSettledResult<Value>>[] = []
  for (let index = 0; index < calls; index++) {
    results.push(Promise.allSettled([call(index)]).then(([result]) => result))
    if (index % 100 === 99) await turn()
    if (index % 500 === 250) await klaw.kill(actor, { noRestart: false })
  }
  return await Promise.all(results)
}

describe.each([{}, { numCpus: 0 }])('an actor with %o that is killed in the middle of many calls', (options) => {
  test('answers all of them when they may run again', async () => {
    using plain = klaw.actor(Plain, { ...options, maxRestarts: -1, maxTaskRetries: -1 }).remote()
    const results = await storm(plain, (index) => plain.echo.remote(index))
    expect(results.map((result) => (result.status === 'fulfilled' ? result.value[0] : result.reason))).toEqual(
      Array.from({ length: calls }, (_, index) => index),
    )
  })

  test('runs those that run again in their order', async () => {
    using plain = klaw.actor(Plain, { ...options, maxRestarts: -1, maxTaskRetries: -1 }).remote()
    await storm(plain, (index) => plain.append.remote(index))
    const last = (await plain.entries.remote()) as number[]
    expect(last).toEqual([...last].sort((a, b) => a - b))
    expect(last.at(-1)).toBe(calls - 1)
  })

  test('settles all of them when they may not', async () => {
    using plain = klaw.actor(Plain, { ...options, maxRestarts: 3 }).remote()
    const results = await storm(plain, (index) => plain.echo.remote(index))
    for (const [index, result] of results.entries()) {
      if (result.status === 'fulfilled') expect(result.value).toEqual([index])
      else expect([ActorUnavailableError, ActorDiedError]).toContain(result.reason.constructor)
    }
    expect(results.at(-1)).toMatchObject({ status: 'rejected', reason: { code: 'ACTOR_DIED' } })
  })
})

test('many actors that call one another all get their answers', async () => {
  const actors = 12
  const counters = new Map(
    Array.from({ length: actors }, (_, index) => [String(index), klaw.actor(Plain, { numCpus: 0 }).remote()]),
  )
  const keepers = Array.from({ length: actors }, (_, index) =>
    klaw.actor(Keeper, index % 4 === 0 ? {} : { numCpus: 0 }).remote(),
  )
  const refs = Array.from({ length: 1_200 }, (_, index) =>
    (keepers[index % actors] as (typeof keepers)[number]).addTo.remote({ counters }, String((index * 7) % actors), 1),
  )
  await klaw.get(refs)
  const sums = await klaw.get([...counters.values()].map((counter) => counter.add.remote(0)))
  expect(sums.reduce((sum, value) => sum + value, 0)).toBe(1_200)
})

test('thousands of calls that nobody waits for are all carried out', async () => {
  using plain = klaw.actor(Plain).remote()
  for (let index = 0; index < 20_000; index++) plain.add.remote(1)
  expect(await plain.add.remote(0)).toBe(20_000)
})
