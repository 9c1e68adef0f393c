import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { AgentSide, frameOf, framesOf } from './agent-side.ts'
import { type Cut, MemoryLanes } from './memory-lanes.ts'
import { connect, listenTo } from './rig.ts'

/** Frames that one side posts together. */
type Chunk = readonly Uint8Array[]

interface Conversation {
  /** Taken in turns. */
  readonly client: readonly Chunk[]
  readonly agent: readonly Chunk[]
  readonly cuts: readonly Cut[]
  readonly pieces: readonly number[]
}

const helloLength = 64
const answerLength = 16

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
})

afterEach(() => {
  vi.useRealTimers()
})

/** Both sides say all they have to say, however often the lane breaks; everything arrives once and in order. */
async function converse({ client, agent, cuts, pieces }: Conversation): Promise<number> {
  const side = new AgentSide()
  const lanes = new MemoryLanes(side)
  lanes.cuts = cuts
  lanes.pieces = pieces
  const transport = await connect(lanes)
  const heard = listenTo(transport)
  const expected = { client: client.flat().flatMap(framesOf), agent: agent.flat().flatMap(framesOf) }
  for (let turn = 0; turn < Math.max(client.length, agent.length); turn++) {
    const [fromClient, fromAgent] = [client[turn], agent[turn]]
    if (fromClient !== undefined) transport.post(new Uint8Array(Buffer.concat(fromClient)))
    if (fromAgent !== undefined) side.send(Buffer.concat(fromAgent))
    await vi.advanceTimersByTimeAsync(1)
  }
  for (let second = 0; second < 300; second++) {
    if (side.frames.length >= expected.client.length && heard.frames.length >= expected.agent.length) break
    await vi.advanceTimersByTimeAsync(1_000)
  }
  expect(side.frames).toEqual(expected.client)
  expect(heard.frames).toEqual(expected.agent)
  expect(heard.closed).toBeUndefined()
  transport.close()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(heard.closed).toEqual({ reason: undefined })
  expect(vi.getTimerCount()).toBe(0)
  return lanes.opened.length
}

const chunks = fc.array(
  fc.array(
    fc
      .tuple(fc.integer({ min: 0x10, max: 0x57 }), fc.integer({ min: 0, max: 90 }), fc.integer({ min: 0, max: 255 }))
      .map(([type, length, fill]) => frameOf(type, length, fill)),
    { minLength: 1, maxLength: 3 },
  ),
  { maxLength: 8 },
)

const shortTalk = {
  client: [[frameOf(0x10, 5, 1)], [frameOf(0x11, 0, 2), frameOf(0x12, 30, 3)], [frameOf(0x13, 9, 4)]],
  agent: [[frameOf(0x20, 3, 5), frameOf(0x21, 40, 6)], [frameOf(0x22, 0, 7)], [frameOf(0x23, 12, 8)]],
}

describe('a lane that is cut', () => {
  test('after any byte from the client loses nothing and doubles nothing', async () => {
    const total = shortTalk.client.flat().reduce((sum, frame) => sum + frame.length, 0)
    for (let up = 1; up < total + 60; up++) {
      const lanes = await converse({ ...shortTalk, cuts: [{ up: helloLength + up }], pieces: [] })
      if (up <= total) expect(lanes).toBe(2)
    }
  })

  test('after any byte from the agent loses nothing and doubles nothing', async () => {
    const total = shortTalk.agent.flat().reduce((sum, frame) => sum + frame.length, 0)
    for (let down = 1; down < total + 60; down++) {
      const lanes = await converse({ ...shortTalk, cuts: [{ down: answerLength + down }], pieces: [] })
      if (down <= total) expect(lanes).toBe(2)
    }
  })

  test('in the hello of the next one, too, is followed by another', async () => {
    for (let byte = 1; byte <= helloLength; byte++) {
      const cuts: Cut[] = [{ up: helloLength + 20 }, { up: byte }, { down: (byte % answerLength) + 1 }]
      expect(await converse({ ...shortTalk, cuts, pieces: [] })).toBe(4)
    }
  })

  test('anywhere, several times, in any conversation', async () => {
    const cut = fc.record({
      up: fc.integer({ min: helloLength + 1, max: helloLength + 300 }),
      down: fc.integer({ min: answerLength + 1, max: answerLength + 300 }),
    })
    const conversation = fc.record({
      client: chunks,
      agent: chunks,
      cuts: fc.array(cut, { maxLength: 6 }),
      pieces: fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 5 }),
    })
    await fc.assert(
      fc.asyncProperty(conversation, async (each) => {
        await converse(each)
      }),
      { numRuns: 300 },
    )
  })
})
