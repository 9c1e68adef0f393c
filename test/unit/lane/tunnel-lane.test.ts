import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Exchange, tunnelLanes } from '../../../src/engine/ray/lane/tunnel-lane.ts'
import { rejection } from '../../support/rejection.ts'
import { AgentSide, frameOf, framesOf, type Pipe } from './agent-side.ts'
import { connect, listenTo } from './rig.ts'

const perTunnel = 2 ** 32

/** The agent's end of tunnels: takes calls in the order of their numbers, holds back those that wait, answers in order. */
class TunnelEnd {
  readonly agent: AgentSide
  calls = 0
  /** Calls that carried nothing. */
  polls = 0
  mostHeld = 0
  /** Milliseconds that a call and its answer take, in turn. */
  delays: readonly number[] = [1]
  /** Numbers of the calls, counted over all tunnels, that fail: before the agent has them, or after. */
  failures = new Map<number, 'before' | 'after'>()
  holding = 10_000
  #tunnel = -1
  #next = 0
  #arrived = new Map<number, () => void>()
  #pending = Buffer.alloc(0)
  #held: ((bytes: Uint8Array) => void)[] = []
  #take: (bytes: Uint8Array) => void = () => undefined

  constructor(agent: AgentSide) {
    this.agent = agent
  }

  readonly exchange: Exchange = async (number, bytes, wait) => {
    const call = this.calls++
    if (bytes.length === 0) this.polls++
    const delay = () => new Promise<void>((resolve) => setTimeout(resolve, this.#delay(call)))
    await delay()
    if (this.failures.get(call) === 'before') throw new Error('lost on the way')
    const answer = await this.#inOrder(number, bytes, wait)
    await delay()
    if (this.failures.get(call) === 'after') throw new Error('lost on the way back')
    return answer
  }

  #delay(call: number): number {
    return this.delays[call % this.delays.length] as number
  }

  #inOrder(number: number, bytes: Uint8Array, wait: boolean): Promise<Uint8Array> {
    const tunnel = Math.floor(number / perTunnel)
    if (tunnel < this.#tunnel) return Promise.resolve(new Uint8Array())
    if (tunnel > this.#tunnel) this.#open(tunnel)
    return new Promise((resolve) => {
      this.#arrived.set(number % perTunnel, () => this.#process(bytes, wait, resolve))
      for (let next = this.#arrived.get(this.#next); next !== undefined; next = this.#arrived.get(this.#next)) {
        this.#arrived.delete(this.#next++)
        next()
      }
    })
  }

  #open(tunnel: number): void {
    for (const release of this.#held.splice(0)) release(new Uint8Array())
    this.#tunnel = tunnel
    this.#next = 0
    this.#arrived.clear()
    this.#pending = Buffer.alloc(0)
    const pipe: Pipe = {
      send: (bytes) => {
        if (this.#tunnel !== tunnel) return
        this.#pending = Buffer.concat([this.#pending, bytes])
        this.#held.shift()?.(this.#speak())
      },
      end: () => undefined,
    }
    this.#take = this.agent.accept(pipe)
  }

  #process(bytes: Uint8Array, wait: boolean, answer: (bytes: Uint8Array) => void): void {
    // Answers are in the order of the calls: what the agent says at once goes with the oldest call that waits.
    let settled = false
    const settle = (said: Uint8Array) => {
      settled = true
      clearTimeout(timer)
      this.#held = this.#held.filter((each) => each !== settle)
      answer(said)
    }
    const timer = setTimeout(() => settle(new Uint8Array()), this.holding)
    if (wait) this.#held.push(settle)
    this.mostHeld = Math.max(this.mostHeld, this.#held.length)
    this.#take(bytes)
    if (settled) return
    // Whatever nobody waited for goes with this one.
    if (!wait || (this.#pending.length > 0 && this.#held[0] === settle)) settle(this.#speak())
  }

  #speak(): Uint8Array {
    const said = new Uint8Array(this.#pending)
    this.#pending = Buffer.alloc(0)
    return said
  }
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
})

afterEach(() => {
  vi.useRealTimers()
})

async function tunnelled(set: (end: TunnelEnd) => void = () => undefined) {
  const agent = new AgentSide()
  const end = new TunnelEnd(agent)
  set(end)
  const opening = connect(tunnelLanes(end.exchange))
  opening.catch(() => undefined)
  await vi.advanceTimersByTimeAsync(1_000)
  const transport = await opening
  return { agent, end, transport, heard: listenTo(transport) }
}

describe('the tunnel', () => {
  test('carries any conversation, whatever is late, in disorder, or fails', async () => {
    const lengths = fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 20 })
    const failures = fc.array(
      fc.tuple(fc.integer({ min: 2, max: 60 }), fc.constantFrom('before', 'after') as fc.Arbitrary<'before' | 'after'>),
      { maxLength: 4 },
    )
    const delays = fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 7 })
    await fc.assert(
      fc.asyncProperty(lengths, lengths, delays, failures, async (up, down, late, failing) => {
        const { agent, end, transport, heard } = await tunnelled((each) => {
          each.delays = late
          each.failures = new Map(failing)
        })
        const fromClient = up.map((length, index) => frameOf(0x10, length, index))
        const fromAgent = down.map((length, index) => frameOf(0x20, length, index))
        for (let turn = 0; turn < 20; turn++) {
          const [mine, its] = [fromClient[turn], fromAgent[turn]]
          if (mine !== undefined) transport.post(mine)
          if (its !== undefined) agent.send(its)
          await vi.advanceTimersByTimeAsync(turn % 3 === 0 ? 0 : 7)
        }
        for (let second = 0; second < 60; second++) {
          if (agent.frames.length >= up.length && heard.frames.length >= down.length) break
          await vi.advanceTimersByTimeAsync(1_000)
        }
        expect(agent.frames).toEqual(fromClient.flatMap(framesOf))
        expect(heard.frames).toEqual(fromAgent.flatMap(framesOf))
        expect(heard.closed).toBeUndefined()
        transport.close()
        // Also those that failed get their time: what the agent holds is let go.
        await vi.advanceTimersByTimeAsync(60_000)
        expect(agent.goodbye || end.failures.size > 0).toBe(true)
        expect(vi.getTimerCount()).toBe(0)
      }),
      { numRuns: 100 },
    )
  })

  test('asks once in ten seconds when there is nothing to say', async () => {
    const { agent, end, transport } = await tunnelled()
    const before = end.calls
    await vi.advanceTimersByTimeAsync(100_000)
    expect(end.calls - before).toBeLessThanOrEqual(10)
    agent.send(frameOf(0x20))
    transport.close()
    await vi.advanceTimersByTimeAsync(20_000)
  })

  test('does not run hot when the agent does not wait', async () => {
    const { end, transport } = await tunnelled((each) => {
      each.holding = 0
    })
    const before = end.calls
    await vi.advanceTimersByTimeAsync(100_000)
    expect(end.calls - before).toBeLessThan(130)
    transport.close()
    await vi.advanceTimersByTimeAsync(20_000)
  })

  test('brings an answer with the call that asks: one call for each round trip', async () => {
    const { agent, end, transport, heard } = await tunnelled()
    agent.confirmEvery = Number.POSITIVE_INFINITY
    agent.onFrame = () => agent.send(frameOf(0x11))
    const before = end.calls
    for (let round = 1; round <= 20; round++) {
      transport.post(frameOf(0x10))
      await vi.advanceTimersByTimeAsync(5)
      expect(heard.frames).toHaveLength(round)
    }
    expect(end.calls - before).toBeLessThanOrEqual(22)
    transport.close()
    await vi.advanceTimersByTimeAsync(20_000)
  })

  test('puts what is written meanwhile into few calls', async () => {
    const { agent, end, transport } = await tunnelled((each) => {
      each.delays = [50]
    })
    agent.confirmEvery = Number.POSITIVE_INFINITY
    const before = end.calls
    for (let count = 0; count < 500; count++) {
      transport.post(frameOf(0x10))
      if (count % 5 === 0) await vi.advanceTimersByTimeAsync(1)
    }
    await vi.advanceTimersByTimeAsync(200)
    expect(agent.frames).toHaveLength(500)
    // One that waits for an answer, and then one for each way there and back.
    expect(end.calls - before).toBeLessThanOrEqual(4)
    transport.close()
    await vi.advanceTimersByTimeAsync(20_000)
  })

  test('takes much in a row with several calls under way', async () => {
    const { agent, end, transport } = await tunnelled()
    agent.confirmEvery = 1024 * 1024
    const frame = frameOf(0x50, 512 * 1024)
    for (let count = 0; count < 40; count++) {
      while (!transport.writable) {
        const room = new Promise<void>((resolve) => transport.onWritable(resolve))
        await vi.advanceTimersByTimeAsync(1)
        await room
      }
      transport.post(frame)
    }
    await vi.advanceTimersByTimeAsync(1_000)
    expect(agent.frames).toHaveLength(40)
    expect(end.calls).toBeLessThan(60)
    transport.close()
    await vi.advanceTimersByTimeAsync(20_000)
  })

  test('that fails at its first call says why', async () => {
    const failing = connect(tunnelLanes(() => Promise.reject(new Error('the actor is dead'))))
    expect(await rejection(failing)).toMatchObject({
      code: 'RAY',
      message: 'a call that carries bytes to the agent failed: the actor is dead',
      cause: { message: 'the actor is dead' },
    })
  })
})
