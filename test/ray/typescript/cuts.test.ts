import { setImmediate as nextTurn } from 'node:timers/promises'
import type { RayConnectOptions } from '@klaw/core'
import { expect, onTestFinished, test } from 'vitest'
import { type Cut, FrameCutter } from '../channels/faults/support/frame-cutter.ts'
import { Mortal } from './fixtures/mortal.ts'
import { free, session } from './support/session.ts'

type AskedEndpoint = Parameters<NonNullable<RayConnectOptions['agentAddress']>>[0]

/** How many frames of each direction are cut at. */
const frames = 12
/** Calls after the last cut. */
const more = 100

/** Before each frame, in its length, or in its body, in one direction; and at last in what is said before the frames. */
function cutsAt(direction: Cut['direction'], part: Cut['part']): Cut[] {
  return [...Array.from({ length: frames }, (_, number) => number), 'greeting' as const].map((frame, index) => ({
    direction,
    frame,
    part,
    // A reset could take the first welcome with it.
    how: index % 3 === 0 ? 'end' : 'reset',
  }))
}

/** Calls and a stream over connections that are cut; all of them have to arrive once, and in order. */
async function callsOver(cuts: readonly Cut[]): Promise<void> {
  const cutters: FrameCutter[] = []
  const agentAddress = async ({ role, ...endpoint }: AskedEndpoint) => {
    if (role !== 'actor') return endpoint
    const cutter = await FrameCutter.before(endpoint, cuts)
    onTestFinished(() => cutter[Symbol.asyncDispose]())
    cutters.push(cutter)
    return cutter.address
  }
  const klaw = await session({ agentAddress, lane: 'direct', gracePeriod: 60_000 })
  const actor = klaw.actor(Mortal, free).remote()
  await actor.ready()
  const results: PromiseLike<number>[] = []
  const stream = actor.count.remote(1_000_000)
  let streamed = 0
  for (let count = 0, left = more; left > 0; count++) {
    results.push(actor.record.remote(count))
    if (count % 5 === 0) {
      expect((await stream.next()).value).toBe(streamed++)
      await nextTurn()
    }
    if (cutters.every(({ isDone }) => isDone)) left--
    expect(count, 'a cut that never came').toBeLessThan(100_000)
  }
  await stream.return?.()
  const numbers = Array.from(results, (_, index) => index)
  expect(await Promise.all(results)).toEqual(numbers)
  expect(await actor.recorded.remote()).toEqual(numbers)
  expect(cutters).toHaveLength(1)
  expect(cutters[0]?.made).toBe(cuts.length)
  console.log(
    `cut ${cuts.length} times: ${numbers.length} calls and ${streamed} values of a stream, each once, in order`,
  )
}

test('connections to actors, cut before, in the length of, and within every frame, both ways: no call is lost or made twice', async () => {
  const ways = (['up', 'down'] as const).flatMap((direction) =>
    (['none', 'length', 'body'] as const).map((part) => cutsAt(direction, part)),
  )
  await Promise.all(ways.map(callsOver))
})
