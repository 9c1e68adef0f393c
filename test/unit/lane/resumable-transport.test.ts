import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { newIdentity } from '../../../src/engine/ray/lane/hello.ts'
import { rejection } from '../../support/rejection.ts'
import { AgentSide, frameOf, framesOf } from './agent-side.ts'
import { MemoryLanes } from './memory-lanes.ts'
import { connect, listenTo } from './rig.ts'

const mebibyte = 1024 * 1024

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
})

afterEach(() => {
  vi.useRealTimers()
})

async function connected() {
  const agent = new AgentSide()
  const lanes = new MemoryLanes(agent)
  const transport = await connect(lanes)
  return { agent, lanes, transport, heard: listenTo(transport) }
}

/** What is under way arrives. */
const settle = () => vi.advanceTimersByTimeAsync(1)

const refusals = [
  [1, "the agent refused the connection: the token is not this session's"],
  [2, 'the agent refused the connection: it speaks version 9 of the protocol, this client version 1'],
  [3, 'the agent refused to resume the connection: it does not know it, or no longer'],
  [4, 'the agent refused the connection: it is ending'],
  [77, 'the agent refused the connection for a reason that this client does not know: 77'],
] as const

describe('the hello', () => {
  test.each(refusals)('with status %i is refused for good', async (status, message) => {
    const agent = new AgentSide()
    agent.status = status
    agent.version = 9
    const lanes = new MemoryLanes(agent)
    expect(await rejection(connect(lanes))).toMatchObject({ code: 'RAY', message })
    expect(lanes.opened).toHaveLength(1)
    expect(vi.getTimerCount()).toBe(0)
  })

  test.each(refusals)('that resumes, with status %i, ends the connection', async (status, message) => {
    const { agent, lanes, heard } = await connected()
    agent.status = status
    agent.version = 9
    lanes.last.break()
    await settle()
    expect(heard.closed?.reason).toMatchObject({ code: 'RAY', message })
    expect(lanes.opened).toHaveLength(2)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('of an agent that welcomes in a version of its own is not believed', async () => {
    const agent = new AgentSide()
    agent.version = 3
    expect(await rejection(connect(new MemoryLanes(agent)))).toMatchObject({
      message: expect.stringContaining('version 3'),
    })
  })

  test.each(['HTTP/1.1 400 Bad Request\r\n', 'K', 'KLAX', '\0'])('answered with %j is no agent', async (garbage) => {
    const agent = new AgentSide()
    agent.accept = (pipe) => () => {
      pipe.send(Buffer.from(garbage))
      if (garbage === 'K') pipe.end()
    }
    const error = await rejection(connect(new MemoryLanes(agent)))
    expect(error).toMatchObject({
      code: 'RAY',
      message: expect.stringMatching(/no agent of klaw|before it had answered/),
    })
  })

  test('that nobody answers ends at its deadline', async () => {
    const lanes = new MemoryLanes(new AgentSide())
    lanes.dead = true
    const failed = rejection(connect(lanes, 3_000))
    await vi.advanceTimersByTimeAsync(3_000)
    expect(await failed).toMatchObject({ message: 'the agent did not answer within 3000 ms (direct lane)' })
    expect(vi.getTimerCount()).toBe(0)
  })

  test('wants a token of 32 bytes', () => {
    expect(() => newIdentity('abc')).toThrow('32 bytes as hex')
    expect(() => newIdentity('zz'.repeat(32))).toThrow('32 bytes as hex')
  })

  test('that claims bytes which were never sent ends the connection', async () => {
    const { agent, lanes, heard } = await connected()
    agent.exaggeration = 5
    lanes.last.break()
    await settle()
    expect(heard.closed?.reason?.message).toBe(
      'the agent claims to have 5 bytes of the connection, of 0 that were sent',
    )
  })
})

describe('the end', () => {
  test('comes with a goodbye after everything that was posted', async () => {
    const { agent, transport, heard } = await connected()
    transport.post(frameOf(0x10, 7))
    transport.close()
    transport.close()
    transport.post(frameOf(0x11))
    await settle()
    expect(agent.frames).toEqual(framesOf(frameOf(0x10, 7)))
    expect(agent.goodbye).toBe(true)
    expect(heard.closed).toEqual({ reason: undefined })
    expect(vi.getTimerCount()).toBe(0)
  })

  test("comes with the agent's goodbye", async () => {
    const { agent, lanes, heard } = await connected()
    agent.send(Buffer.concat([frameOf(0x20), frameOf(0x04), frameOf(0x21)]))
    await settle()
    expect(heard.frames).toEqual(framesOf(frameOf(0x20)))
    expect(heard.closed).toEqual({ reason: undefined })
    expect(lanes.opened).toHaveLength(1)
  })

  test('comes when nobody can be reached for 30 seconds', async () => {
    const { lanes, transport, heard } = await connected()
    transport.ref()
    lanes.failure = new Error('no route')
    lanes.last.break()
    await vi.advanceTimersByTimeAsync(29_900)
    expect(heard.closed).toBeUndefined()
    await vi.advanceTimersByTimeAsync(2_200)
    expect(heard.closed?.reason).toMatchObject({
      code: 'RAY',
      message: 'the connection to the agent was lost and could not be resumed within 30 seconds',
      cause: { message: 'no route' },
    })
    expect(vi.getTimerCount()).toBe(0)
  })

  test('comes after the time for which the agent was asked to keep the connection', async () => {
    for (const [gracePeriod, seconds] of [
      [90_000, 90],
      [1_001, 2],
      [1, 1],
      [1e9, 3_600],
    ] as const) {
      const agent = new AgentSide()
      const lanes = new MemoryLanes(agent)
      const transport = await connect(lanes, undefined, gracePeriod)
      const heard = listenTo(transport)
      expect(agent.graces).toEqual([seconds])
      lanes.failure = new Error('no route')
      lanes.last.break()
      await vi.advanceTimersByTimeAsync(seconds * 1_000 - 100)
      expect(heard.closed).toBeUndefined()
      await vi.advanceTimersByTimeAsync(2_200)
      expect(heard.closed?.reason?.message).toContain(`resumed within ${seconds} seconds`)
    }
    const agent = new AgentSide()
    ;(await connect(new MemoryLanes(agent))).close()
    expect(agent.graces).toEqual([0])
  })

  test('before the first use says goodbye as well', async () => {
    const agent = new AgentSide()
    const transport = await connect(new MemoryLanes(agent))
    transport.close()
    await settle()
    expect(agent.goodbye).toBe(true)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('while it reconnects stops that', async () => {
    const { lanes, transport, heard } = await connected()
    lanes.failure = new Error('no route')
    lanes.last.break()
    await vi.advanceTimersByTimeAsync(1_000)
    transport.close()
    await settle()
    expect(heard.closed).toEqual({ reason: undefined })
    expect(vi.getTimerCount()).toBe(0)
  })

  test.each([
    ['longer than 16 MiB', [0xff, 0xff, 0xff, 0xff], 'at most 16777216 bytes'],
    ['shorter than its header', [7, 0, 0, 0], 'at least 12 bytes'],
    ['of an unknown type of the connection', [...frameOf(0x07)], 'its type is 7'],
    ['that confirms what was never sent', [...frameOf(0x01, 8, 1)], 'it confirms'],
    ['that confirms nothing at all', [...frameOf(0x01)], 'in the middle of an integer'],
  ])('comes with a frame %s, and the agent is told goodbye', async (_name, bytes, message) => {
    const { agent, lanes, transport, heard } = await connected()
    transport.post(frameOf(0x10))
    agent.send(Buffer.concat([frameOf(0x20), Uint8Array.from(bytes)]))
    await settle()
    expect(heard.frames).toEqual(framesOf(frameOf(0x20)))
    expect(heard.closed?.reason).toMatchObject({
      message: 'the agent sent a frame that can not be read',
      cause: { name: 'RangeError', message: expect.stringContaining(message) },
    })
    expect(agent.goodbye).toBe(true)
    expect(lanes.opened).toHaveLength(1)
  })
})

describe('silence', () => {
  test('while something waits is asked about after 10 seconds, and ends the lane after 20', async () => {
    const { agent, lanes, transport, heard } = await connected()
    transport.ref()
    await vi.advanceTimersByTimeAsync(9_990)
    expect(agent.pings).toHaveLength(0)
    await vi.advanceTimersByTimeAsync(20)
    expect(agent.pings).toHaveLength(1)
    // It answered: the next question comes 10 seconds later.
    await vi.advanceTimersByTimeAsync(10_010)
    expect(agent.pings).toHaveLength(2)
    lanes.dead = true
    await vi.advanceTimersByTimeAsync(19_900)
    expect(lanes.opened).toHaveLength(1)
    lanes.dead = false
    await vi.advanceTimersByTimeAsync(200)
    expect(lanes.opened).toHaveLength(2)
    transport.post(frameOf(0x10))
    await settle()
    expect(agent.frames).toHaveLength(1)
    expect(heard.closed).toBeUndefined()
    transport.close()
  })

  test('counts from when somebody began to wait', async () => {
    const { agent, transport } = await connected()
    await vi.advanceTimersByTimeAsync(3_600_000)
    transport.ref()
    await vi.advanceTimersByTimeAsync(9_900)
    expect(agent.pings).toHaveLength(0)
    await vi.advanceTimersByTimeAsync(200)
    expect(agent.pings).toHaveLength(1)
    transport.close()
  })

  test('is noticed by many short waits, too', async () => {
    const { lanes, transport } = await connected()
    lanes.dead = true
    for (let wait = 0; wait < 25; wait++) {
      transport.ref()
      await vi.advanceTimersByTimeAsync(900)
      transport.unref()
      transport.ref()
      await vi.advanceTimersByTimeAsync(100)
    }
    expect(lanes.opened).toHaveLength(2)
    transport.close()
  })

  test('when nothing waits is golden: no timers, no questions', async () => {
    const { agent, transport } = await connected()
    expect(vi.getTimerCount()).toBe(0)
    transport.ref()
    transport.unref()
    await vi.advanceTimersByTimeAsync(10_000)
    expect(vi.getTimerCount()).toBe(0)
    await vi.advanceTimersByTimeAsync(3_600_000)
    expect(agent.pings).toHaveLength(0)
    transport.close()
  })
})

test("the agent's questions are answered, and what has arrived is confirmed", async () => {
  const { agent, transport } = await connected()
  const frame = frameOf(0x20, 300_000)
  for (let count = 0; count < 4; count++) agent.send(frame)
  agent.send(frameOf(0x02))
  await settle()
  expect(agent.confirmed).toBeGreaterThan(frame.length * 4 - mebibyte)
  transport.close()
})

test('lanes that break as soon as they are there are opened ever more slowly', async () => {
  const { agent, lanes, transport, heard } = await connected()
  lanes.cuts = Array.from({ length: 1_000 }, () => ({ down: 16 }))
  lanes.last.break()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(lanes.opened.length).toBeLessThan(60)
  lanes.cuts = []
  await vi.advanceTimersByTimeAsync(2_000)
  transport.post(frameOf(0x10))
  await settle()
  expect(agent.frames).toHaveLength(1)
  expect(heard.closed).toBeUndefined()
  transport.close()
})

describe('backpressure', () => {
  test('holds back what is beyond 64 MiB until the agent has confirmed', async () => {
    const { agent, transport } = await connected()
    agent.confirmEvery = Number.POSITIVE_INFINITY
    const frame = frameOf(0x50, mebibyte - 12)
    for (let count = 0; count < 64; count++) transport.post(frame)
    expect(transport.writable).toBe(true)
    transport.post(frame)
    expect(transport.writable).toBe(false)
    transport.post(frameOf(0x10))
    let told = 0
    transport.onWritable(() => told++)
    await settle()
    expect(agent.frames).toHaveLength(65)
    expect(told).toBe(0)
    agent.confirm()
    await settle()
    expect(told).toBe(1)
    expect(transport.writable).toBe(true)
    expect(agent.frames).toHaveLength(66)
    transport.close()
  })

  test('does not hold back what concerns the connection', async () => {
    const { agent, transport } = await connected()
    agent.confirmEvery = Number.POSITIVE_INFINITY
    const frame = frameOf(0x50, mebibyte - 12)
    for (let count = 0; count < 66; count++) transport.post(frame)
    agent.send(frameOf(0x20, mebibyte))
    await settle()
    expect(agent.frames).toHaveLength(65)
    expect(agent.confirmed).toBeGreaterThan(mebibyte)
    transport.close()
  })

  test('is over when there is room already, and with the connection', async () => {
    const { agent, lanes, transport } = await connected()
    let told = 0
    transport.onWritable(() => told++)
    await settle()
    expect(told).toBe(1)
    agent.confirmEvery = Number.POSITIVE_INFINITY
    lanes.failure = new Error('no route')
    lanes.last.break()
    await settle()
    transport.post(frameOf(0x50, 2 * mebibyte))
    expect(transport.writable).toBe(false)
    transport.onWritable(() => told++)
    await settle()
    expect(told).toBe(1)
    await vi.advanceTimersByTimeAsync(35_000)
    expect(told).toBe(2)
    transport.onWritable(() => told++)
    await settle()
    expect(told).toBe(3)
  })
})
