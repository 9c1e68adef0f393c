import { connect as connectSocket } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Codec } from '../../../src/codec/codec.ts'
import type { DirectAddress } from '../../../src/engine/ray/lane/direct-lane.ts'
import { type LaneChoice, openLane } from '../../../src/engine/ray/lane/open-lane.ts'
import { type Exchange, tunnelLanes } from '../../../src/engine/ray/lane/tunnel-lane.ts'
import { Connection } from '../../../src/wire/connection.ts'
import type { Operation } from '../../../src/wire/operations.ts'
import { until } from '../../support/until.ts'
import { CuttingProxy } from './support/cutting-proxy.ts'
import { EchoAgent } from './support/echo-agent.ts'

const mebibyte = 1024 * 1024

let agent: EchoAgent

beforeAll(async () => {
  agent = await EchoAgent.start()
})

afterAll(() => agent[Symbol.asyncDispose]())

interface Opened extends AsyncDisposable {
  readonly connection: Connection
  /** What the agent told: number and bytes. */
  readonly filled: [number, Uint8Array][]
}

async function open(kind: LaneChoice, address: DirectAddress = agent.address, to = agent): Promise<Opened> {
  const { transport } = await openLane({
    choice: kind,
    address,
    token: to.token,
    otherwise: tunnelLanes(to.newExchange()),
  })
  const filled: [number, Uint8Array][] = []
  const operations = new Map<string, Operation>([
    ['filled', ((argument: [number, Uint8Array]) => void filled.push(argument)) as Operation],
    ['closing', () => undefined],
  ])
  const connection = new Connection(transport, new Codec(), operations)
  return {
    connection,
    filled,
    async [Symbol.asyncDispose]() {
      connection.close()
    },
  }
}

/** Bytes that tell when some are missing, doubled or in the wrong place. */
function pattern(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let index = 0, state = seed + 1; index < length; index++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    bytes[index] = state >>> 24
  }
  return bytes
}

async function echoAll(connection: Connection, values: readonly Uint8Array[]): Promise<void> {
  const answers = await Promise.all(values.map((value) => connection.request('echo', value)))
  for (const [index, answer] of answers.entries()) {
    const same = Buffer.compare(answer as Uint8Array, values[index] as Uint8Array) === 0
    expect(same, `answer ${index}`).toBe(true)
  }
}

describe.each(['direct', 'tunnel'] as const)('an agent in Python, %s lane', (kind) => {
  test('answers', async () => {
    await using opened = await open(kind)
    const value = { when: new Date(0), list: [1, 'two', null], bytes: new Uint8Array([1, 2, 3]) }
    expect(await opened.connection.request('echo', value)).toEqual(value)
    await expect(opened.connection.request('nothing', 1)).rejects.toThrow('unknown operation: nothing')
    for (let number = 0; number < 50; number++) expect(await opened.connection.request('echo', number)).toBe(number)
  })

  test('carries 100 MiB in both directions', async () => {
    await using opened = await open(kind)
    await echoAll(
      opened.connection,
      Array.from({ length: 100 }, (_, index) => pattern(mebibyte, index)),
    )
  })

  test('waits for confirmations when it has more to say than may be under way', async () => {
    await using opened = await open(kind)
    const { connection, filled } = opened
    await connection.request('fill', { count: 90, size: mebibyte })
    connection.hold()
    await until(() => filled.length === 90)
    connection.release()
    for (const [index, [number, bytes]] of filled.entries()) {
      expect([number, bytes.length, bytes[0], bytes.at(-1)]).toEqual([index, mebibyte, index, index])
    }
  })

  test('says goodbye', async () => {
    await using opened = await open(kind)
    await opened.connection.request('echo', 1)
    const lost = new Promise<Error>((resolve) => opened.connection.onLost(resolve))
    await expect(opened.connection.request('close')).rejects.toThrow('closed')
    expect((await lost).message).toContain('closed')
  })

  test('hears a goodbye, whatever it has to say just then', async () => {
    await using other = await open('direct')
    const before = (await other.connection.request('endings')) as string[]
    const opened = await open(kind)
    await opened.connection.request('fill', { count: 40, size: mebibyte })
    opened.connection.close()
    let after: string[] = []
    await until(async () => {
      after = (await other.connection.request('endings')) as string[]
      return after.length > before.length
    })
    expect(after.slice(before.length)).toEqual(['the connection was closed by its peer'])
  })
})

describe('a connection that is cut again and again', () => {
  test.each([1, 2, 3, 4, 5, 6])('loses nothing, doubles nothing: %i', async (seed) => {
    const numbers = new Uint32Array(pattern(400, seed).buffer)
    const values = Array.from({ length: 60 }, (_, index) => pattern((numbers[index] as number) % 300_000, index))
    const budgets = Array.from({ length: 6 }, (_, index) => (numbers[60 + index] as number) % (2 * mebibyte))
    // The first one must let the hello through.
    await using proxy = await CuttingProxy.before(agent.address, [100_000 + seed, ...budgets])
    await using opened = await open('direct', proxy.address)
    await echoAll(opened.connection, values)
    await opened.connection.request('fill', { count: 30, size: 100_000 })
    opened.connection.hold()
    await until(() => opened.filled.length === 30)
    opened.connection.release()
    expect(opened.filled.map(([number]) => number)).toEqual(Array.from({ length: 30 }, (_, index) => index))
    expect(proxy.connections).toBeGreaterThan(2)
  })

  test('in the middle of 15 MiB', async () => {
    const budgets = [3 * mebibyte, 5 * mebibyte + 1, 70, 20, 11 * mebibyte]
    await using proxy = await CuttingProxy.before(agent.address, budgets)
    await using opened = await open('direct', proxy.address)
    await echoAll(opened.connection, [pattern(15 * mebibyte, 1)])
    expect(proxy.connections).toBe(budgets.length + 1)
  })

  test('at moments that nobody chose', async () => {
    await using proxy = await CuttingProxy.before(agent.address, [])
    await using opened = await open('direct', proxy.address)
    let done = false
    const cutting = (async () => {
      for (let cuts = 0; !done && cuts < 6; cuts++) {
        await until(() => done || proxy.connections > cuts)
        proxy.cut()
      }
    })()
    for (let round = 0; round < 500; round++) await opened.connection.request('echo', round)
    done = true
    await cutting
    await echoAll(opened.connection, [pattern(mebibyte, 1)])
  })

  test('and a tunnel whose calls fail', async () => {
    let calls = 0
    const working = agent.newExchange()
    const exchange: Exchange = async (number, bytes, wait) => {
      const answer = await working(number, bytes, wait)
      if (++calls % 17 === 0) throw new Error('the answer was lost')
      return answer
    }
    const { transport } = await openLane({
      choice: 'tunnel',
      address: agent.address,
      token: agent.token,
      otherwise: tunnelLanes(exchange),
    })
    const connection = new Connection(transport, new Codec(), new Map())
    await echoAll(
      connection,
      Array.from({ length: 60 }, (_, index) => pattern(200_000, index)),
    )
    for (let round = 0; round < 30; round++) expect(await connection.request('echo', round)).toBe(round)
    connection.close()
  })
})

test('a connection that comes back too late is refused, and says so', async () => {
  await using short = await EchoAgent.start(0.02)
  // The hellos of two lanes are not let through; by the third the agent has given up.
  await using proxy = await CuttingProxy.before(short.address, [10_000, 10, 10])
  await using opened = await open('direct', proxy.address, short)
  expect(await opened.connection.request('echo', 1)).toBe(1)
  proxy.cut()
  await expect(opened.connection.request('echo', 2)).rejects.toThrow('does not know it')
  expect(proxy.connections).toBe(4)
})

test('a hundred strangers do not disturb a session', async () => {
  await using opened = await open('direct')
  const strangers = Array.from({ length: 100 }, (_, index) => {
    const socket = connectSocket(agent.address)
    socket.on('error', () => undefined)
    if (index % 3 === 0) socket.write('GET / HTTP/1.1\r\n\r\n')
    if (index % 3 === 1) socket.write(Buffer.concat([Buffer.from('KLAW\x01'), Buffer.alloc(59)]))
    if (index % 3 === 2) socket.write('KLA')
    return socket
  })
  for (let round = 0; round < 50; round++) expect(await opened.connection.request('echo', round)).toBe(round)
  for (const socket of strangers) socket.destroy()
  await using other = await open('direct')
  expect(await other.connection.request('echo', 1)).toBe(1)
})
