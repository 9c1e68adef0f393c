import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { Codec } from '../../../src/codec/codec.ts'
import type { LaneListener } from '../../../src/engine/ray/lane/lane.ts'
import { relayLanes } from '../../../src/engine/ray/lane/relay-lane.ts'
import { RayError } from '../../../src/errors.ts'
import { Connection } from '../../../src/wire/connection.ts'
import { beginFrame, endFrame, FrameFlag, FrameType } from '../../../src/wire/frame.ts'
import type { Operation } from '../../../src/wire/operations.ts'
import { rejection } from '../../support/rejection.ts'
import { until } from '../../support/until.ts'
import { FakeTransport } from '../ray-engine/fake-agent.ts'

const address = { host: '127.0.0.9', port: 4711, tls: false }

/** A session, and an agent that says what is relayed to it. */
function rig() {
  const transport = new FakeTransport()
  const asked: unknown[] = []
  const frames: { flags: number; stream: number; bytes: number[] }[] = []
  let refusal: Error | undefined
  const operations = new Map<string, Operation>([
    [
      'relay.open',
      (argument) => {
        asked.push(argument)
        if (refusal !== undefined) throw refusal
      },
    ],
  ])
  const agent = new Connection(transport.agentSide, new Codec(), operations)
  agent.strayFrame = ({ flags, stream, bytes, position, end }) => {
    frames.push({ flags, stream, bytes: [...bytes.subarray(position, end)] })
  }
  const connection = new Connection(transport, new Codec(), new Map())
  const session = {
    connection,
    get writable() {
      return transport.writable
    },
    onWritable: (listener: () => void) => transport.onWritable(listener),
  }
  const say = (stream: number, flags: number, ...bytes: number[]) => {
    const start = beginFrame(agent.out, FrameType.relay, flags, stream)
    agent.out.writeBytes(Uint8Array.from(bytes))
    endFrame(agent.out, start)
    agent.wrote()
  }
  return {
    transport,
    connection,
    asked,
    frames,
    say,
    refuse: (error: Error) => {
      refusal = error
    },
    open: () => relayLanes(session, address).open(new AbortController().signal),
  }
}

function recorder() {
  const heard: unknown[] = []
  const listener: LaneListener = {
    data: (bytes) => heard.push([...bytes]),
    drained: () => heard.push('drained'),
    closed: (reason) => heard.push(reason?.message),
  }
  return { heard, listener }
}

describe('a lane through the agent', () => {
  test('carries bytes both ways, also those that come before anybody listens', async () => {
    const { open, asked, frames, say } = rig()
    const lane = await open()
    expect(asked).toEqual([{ stream: 1, ...address }])
    say(1, 0, 1, 2)
    await nextTurn()
    await nextTurn()
    const { heard, listener } = recorder()
    lane.start(listener)
    say(1, 0, 3)
    lane.write(Uint8Array.of(7, 8))
    await until(() => heard.length === 2 && frames.length === 1)
    expect(heard).toEqual([[1, 2], [3]])
    expect(frames).toEqual([{ flags: 0, stream: 1, bytes: [7, 8] }])
  })

  test('cuts what is large, so that others get through', async () => {
    const { open, frames } = rig()
    const lane = await open()
    lane.write(new Uint8Array(600_000))
    await until(() => frames.length === 3)
    expect(frames.map(({ bytes }) => bytes.length)).toEqual([262_144, 262_144, 75_712])
  })

  test('tells when the agent has lost the other side, after its last bytes', async () => {
    const { open, say, frames } = rig()
    const lane = await open()
    const { heard, listener } = recorder()
    lane.start(listener)
    say(1, FrameFlag.error, 5)
    await until(() => heard.length === 2)
    expect(heard).toEqual([[5], 'the agent has lost its connection to the other process'])
    lane.write(Uint8Array.of(1))
    lane.destroy()
    await nextTurn()
    expect(frames).toEqual([])
  })

  test('ends the agent’s connection when it is ended, once', async () => {
    const { open, frames } = rig()
    const lane = await open()
    lane.end()
    lane.destroy()
    await until(() => frames.length === 1)
    await nextTurn()
    expect(frames).toEqual([{ flags: FrameFlag.error, stream: 1, bytes: [] }])
  })

  test('is lost with the session', async () => {
    const { open, connection } = rig()
    const lane = await open()
    const { heard, listener } = recorder()
    lane.start(listener)
    connection.close(new RayError('the session is over'))
    expect(heard).toEqual(['the session is over'])
    expect(await rejection(open())).toMatchObject({ message: expect.stringContaining('the session is over') })
  })

  test('says where the agent could not get to', async () => {
    const { open, refuse, frames } = rig()
    refuse(new RayError('connection refused'))
    expect(await rejection(open())).toMatchObject({
      message: 'the agent can not reach 127.0.0.9:4711: connection refused',
    })
    await until(() => frames.length === 1)
  })

  test('has room when the session has', async () => {
    const { open, transport } = rig()
    const lane = await open()
    const { heard, listener } = recorder()
    lane.start(listener)
    expect(lane.writable).toBe(true)
    transport.writable = false
    expect(lane.writable).toBe(false)
    expect(lane.writable).toBe(false)
    transport.makeRoom()
    expect(heard).toEqual(['drained'])
  })
})
