import { beforeEach, expect, test, vi } from 'vitest'
import { FrameType } from '../../../src/wire/frame.ts'

let awake: typeof import('../../../src/wire/stay-awake.ts')
const stayAwake = (arrived?: boolean) => awake.stayAwake(0.05, arrived)

beforeEach(async () => {
  // A copy of its own for each test: what it has learned belongs to the thread.
  vi.resetModules()
  awake = await import('../../../src/wire/stay-awake.ts')
})

function isTurning(): boolean {
  return process.getActiveResourcesInfo().includes('Immediate')
}

/** Turns, and nothing comes. */
async function inVain(): Promise<void> {
  stayAwake()
  expect(isTurning()).toBe(true)
  // By a timer, since an immediate of the test's own would look like turning.
  await vi.waitUntil(() => !isTurning(), { interval: 1 })
}

/** For how many messages it does not turn. It turns when this returns. */
function countSkipped(): number {
  let skipped = 0
  for (stayAwake(); !isTurning(); stayAwake()) skipped++
  return skipped
}

test('a message keeps the loop turning for a moment', async () => {
  expect(isTurning()).toBe(false)
  await inVain()
})

test('who turned in vain three times sleeps for a while, then for longer', async () => {
  for (let time = 0; time < 3; time++) await inVain()
  expect(countSkipped()).toBe(16)
  await vi.waitUntil(() => !isTurning(), { interval: 1 })
  for (let time = 0; time < 2; time++) await inVain()
  expect(countSkipped()).toBe(32)
  await vi.waitUntil(() => !isTurning(), { interval: 1 })
})

test('what arrives while it turns shows that turning helps', async () => {
  for (let time = 0; time < 2; time++) await inVain()
  stayAwake()
  stayAwake(true)
  await vi.waitUntil(() => !isTurning(), { interval: 1 })
  // That was once in vain, at its end.
  for (let time = 0; time < 2; time++) await inVain()
  expect(countSkipped()).toBe(16)
  await vi.waitUntil(() => !isTurning(), { interval: 1 })
})

test('a shorter time does not cut a longer one short', async () => {
  awake.stayAwake(30)
  const start = performance.now()
  stayAwake()
  await vi.waitUntil(() => !isTurning(), { interval: 1 })
  expect(performance.now() - start).toBeGreaterThanOrEqual(29)
})

test('what only keeps a stream flowing is awaited by nobody, nor is what is long', () => {
  const frame = (type: number) => Uint8Array.of(8, 0, 0, 0, type)
  const awaited = (...types: number[]) => types.map((type) => awake.isAwaited(frame(type), 5))
  expect(awaited(FrameType.credit, FrameType.demand, FrameType.taken)).toEqual([false, false, false])
  expect(awaited(FrameType.send, FrameType.deliver, FrameType.result)).toEqual([true, true, true])
  expect(awake.isAwaited(frame(FrameType.send), 4)).toBe(false)
})
