import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { SilentPeerError } from '../../../src/engine/ray/lane/handshake.ts'
import { newIdentity } from '../../../src/engine/ray/lane/hello.ts'
import { ResumableTransport } from '../../../src/engine/ray/lane/resumable-transport.ts'
import { rejection } from '../../support/rejection.ts'
import { AgentSide, frameOf, token } from './agent-side.ts'
import { MemoryLanes } from './memory-lanes.ts'
import { listenTo } from './rig.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
})

afterEach(() => {
  vi.useRealTimers()
})

const settle = () => vi.advanceTimersByTimeAsync(1)

function connect(factory: MemoryLanes, onSilent?: () => void) {
  return ResumableTransport.connect({ factory, identity: newIdentity(token), deadline: 2_000, onSilent })
}

test('somebody who may be busy keeps the lane, however long the silence; somebody else is told of it', async () => {
  const agent = new AgentSide()
  agent.answersPings = false
  const lanes = new MemoryLanes(agent)
  const silences: number[] = []
  const transport = await connect(lanes, () => silences.push(Math.round(performance.now() / 1_000)))
  const start = performance.now() / 1_000
  const heard = listenTo(transport)
  transport.ref()
  await vi.advanceTimersByTimeAsync(300_000)
  expect(lanes.opened).toHaveLength(1)
  expect(silences.length).toBeGreaterThan(20)
  expect((silences[0] as number) - start).toBeCloseTo(20, 0)
  agent.send(frameOf(0x41))
  await settle()
  expect(heard.frames).toHaveLength(1)
  transport.close()
})

test('a connection that was cut waits for somebody who is busy, longer than it is kept otherwise', async () => {
  const agent = new AgentSide()
  const lanes = new MemoryLanes(agent)
  let silences = 0
  const transport = await connect(lanes, () => silences++)
  const heard = listenTo(transport)
  lanes.dead = true
  lanes.last.break()
  await vi.advanceTimersByTimeAsync(200_000)
  expect(heard.closed).toBeUndefined()
  expect(silences).toBeGreaterThanOrEqual(3)
  lanes.dead = false
  await vi.advanceTimersByTimeAsync(65_000)
  transport.post(frameOf(0x40))
  await settle()
  expect(agent.frames).toHaveLength(1)
  transport.close()
})

test('one who is gone is given up all the same', async () => {
  const lanes = new MemoryLanes(new AgentSide())
  const transport = await connect(lanes, () => {})
  const heard = listenTo(transport)
  lanes.failure = new Error('refused')
  lanes.last.break()
  await vi.advanceTimersByTimeAsync(40_000)
  expect(heard.closed?.reason).toMatchObject({ cause: { message: 'refused' } })
})

test('a first answer is waited for a minute, and its absence is no reason to go another way', async () => {
  const lanes = new MemoryLanes(new AgentSide())
  lanes.dead = true
  const failed = rejection(connect(lanes, () => {}))
  await vi.advanceTimersByTimeAsync(59_000)
  expect(vi.getTimerCount()).toBe(1)
  await vi.advanceTimersByTimeAsync(2_000)
  expect(await failed).toBeInstanceOf(SilentPeerError)
  expect(vi.getTimerCount()).toBe(0)
})
