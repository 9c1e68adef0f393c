import { describe, expect, test } from 'vitest'
import { type LaneChoice, openLane } from '../../../src/engine/ray/lane/open-lane.ts'
import { type Exchange, tunnelLanes } from '../../../src/engine/ray/lane/tunnel-lane.ts'
import { rejection } from '../../support/rejection.ts'
import { AgentSide, token } from './agent-side.ts'
import { TcpAgent } from './tcp-agent.ts'

/** An agent behind calls, of which the first two are answered. */
function callable(): Exchange {
  const agent = new AgentSide()
  let answer: (bytes: Uint8Array) => void = () => undefined
  const take = agent.accept({ send: (bytes) => answer(bytes), end: () => undefined })
  return (_number, bytes) =>
    new Promise((resolve) => {
      answer = resolve
      take(bytes)
    })
}

const dead: Exchange = () => Promise.reject(new Error('no such actor'))

async function closedPort(): Promise<{ host: string; port: number }> {
  await using tcp = await TcpAgent.listen(new AgentSide())
  return tcp.address
}

async function kindOf(choice: LaneChoice, address: { host: string; port: number }, exchange: Exchange) {
  const { transport, kind, notDirect } = await openLane({ choice, address, token, otherwise: tunnelLanes(exchange) })
  expect(transport.lane).toBe(kind)
  transport.close()
  return { kind, notDirect }
}

describe('the lane that is chosen', () => {
  test('is direct where that is possible', async () => {
    await using tcp = await TcpAgent.listen(new AgentSide())
    expect(await kindOf('auto', tcp.address, callable())).toEqual({ kind: 'direct', notDirect: undefined })
    expect(await kindOf('direct', tcp.address, dead)).toEqual({ kind: 'direct', notDirect: undefined })
  })

  test('is the tunnel where it is wanted', async () => {
    await using tcp = await TcpAgent.listen(new AgentSide())
    expect(await kindOf('tunnel', tcp.address, callable())).toEqual({ kind: 'tunnel', notDirect: undefined })
  })

  test('is the tunnel where the port can not be reached, and says why', async () => {
    const { kind, notDirect } = await kindOf('auto', await closedPort(), callable())
    expect(kind).toBe('tunnel')
    expect(notDirect?.message).toContain('ECONNREFUSED')
  })

  test('is the tunnel where another agent has the port', async () => {
    const other = new AgentSide()
    other.status = 1
    await using tcp = await TcpAgent.listen(other)
    const { kind, notDirect } = await kindOf('auto', tcp.address, callable())
    expect(kind).toBe('tunnel')
    expect(notDirect?.message).toContain("the token is not this session's")
  })

  test('is none: the error tells of both', async () => {
    const options = { address: await closedPort(), token, otherwise: tunnelLanes(dead) }
    expect(await rejection(openLane({ ...options, choice: 'auto' }))).toMatchObject({
      code: 'RAY',
      message: expect.stringMatching(
        /^neither lane leads to the agent: direct: .*ECONNREFUSED.*; tunnel: .*no such actor/,
      ),
    })
    expect(await rejection(openLane({ ...options, choice: 'direct' }))).toMatchObject({
      message: expect.stringContaining('ECONNREFUSED'),
    })
  })

  test('is none when the caller has enough', async () => {
    const options = {
      address: await closedPort(),
      token,
      otherwise: tunnelLanes(() => new Promise<never>(() => undefined)),
    }
    const controller = new AbortController()
    const opening = openLane({ ...options, choice: 'auto', signal: controller.signal })
    setImmediate(() => controller.abort('enough'))
    expect(await rejection(opening)).toBe('enough')
    expect(await rejection(openLane({ ...options, choice: 'tunnel', signal: AbortSignal.abort('early') }))).toBe(
      'early',
    )
  })
})
