import { RayError } from '@klaw/core'
import { expect, onTestFinished, test, vi } from 'vitest'
import { failure } from '../../support/rejection.ts'
import { AgentPath } from './support/agent-path.ts'
import { free, session, Tally } from './support/session.ts'

const realTimeout = setTimeout

/** Winds the clock by so many seconds, bit by bit, with time for the network in between, which knows nothing of it. */
async function wind(seconds: number, until: () => boolean): Promise<void> {
  for (let passed = 0; passed < seconds && !until(); passed += 0.5) {
    await vi.advanceTimersByTimeAsync(500)
    await new Promise((resolve) => realTimeout(resolve, 5))
  }
}

/** A session whose heartbeat goes by a clock that the test winds. */
async function woundSession() {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'],
    shouldAdvanceTime: true,
  })
  onTestFinished(() => void vi.useRealTimers())
  const path = await AgentPath.open()
  const klaw = await session({ agentAddress: path.lead, lane: 'direct' })
  const tally = klaw.actor(Tally, free).remote()
  await tally.ready()
  return { klaw, path, tally }
}

test('a connection that has fallen silent is replaced, and what was under way completes', async () => {
  const { klaw, path, tally } = await woundSession()
  path.silence()
  const calls = Array.from({ length: 20 }, (_, number) => tally.count.remote(number))
  const counted = klaw.get(calls)
  await wind(30, () => path.connections === 2)
  expect(await counted).toEqual(calls.map((_, number) => number))
  expect(await tally.summary.remote()).toEqual([20, 1])
  expect(path.connections).toBe(2)
})

test('a connection that has fallen silent, and can not be replaced, is given up', async () => {
  const { klaw, path, tally } = await woundSession()
  path.silence()
  const waiting = failure(tally.count.remote(1))
  path.close()
  await wind(70, () => klaw.isClosed)
  const error = await waiting
  expect(error).toBeInstanceOf(RayError)
  expect((error as Error).message).toMatch(/could not be resumed within 30 seconds; what was under way may or may not/)
  expect(klaw.isClosed).toBe(true)
})
