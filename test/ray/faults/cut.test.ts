import { expect, test } from 'vitest'
import { AgentPath } from './support/agent-path.ts'
import { free, session, Tally } from './support/session.ts'

/** Of a run of numbers that looks random and is the same each time. */
function dice(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return state / 2 ** 32
  }
}

test('100 MB there and back, over a connection that is cut within frames again and again', async () => {
  const random = dice(7)
  const path = await AgentPath.open({
    budget: (connection) => (connection < 6 ? 15_000_000 + random() * 30_000_000 : Number.POSITIVE_INFINITY),
  })
  const klaw = await session({ agentAddress: path.lead, lane: 'direct' })
  const large = new Uint32Array(25_000_000).map((_, index) => Math.imul(index, 2_654_435_761))
  const ref = klaw.put(large)
  const back = await klaw.get(ref)
  expect(Buffer.compare(Buffer.from(back.buffer, back.byteOffset, back.byteLength), Buffer.from(large.buffer))).toBe(0)
  expect(path.connections).toBe(7)
  expect(klaw.isClosed).toBe(false)
})

test('thousands of calls while the connection is cut at any byte: each is executed once, none is lost', async () => {
  const random = dice(11)
  const path = await AgentPath.open({
    budget: (connection) => (connection < 7 ? 64 + random() * 25_000 : Number.POSITIVE_INFINITY),
  })
  const klaw = await session({ agentAddress: path.lead, lane: 'direct' })
  const tally = klaw.actor(Tally, free).remote()
  const count = 4_000
  const numbers = Array.from({ length: count }, (_, index) => index)
  expect(await klaw.get(numbers.map((number) => tally.count.remote(number)))).toEqual(numbers)
  expect(await tally.summary.remote()).toEqual([count, 1])
  expect(path.connections).toBe(8)
})
