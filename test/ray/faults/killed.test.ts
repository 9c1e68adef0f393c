import { RayError, type Runtime } from '@klaw/core'
import { beforeAll, expect, test } from 'vitest'
import { commandLine, killAbruptly, ownCluster, processesLike } from '../../support/ray/own-cluster.ts'
import { failure } from '../../support/rejection.ts'
import { until } from '../../support/until.ts'
import { everythingPending, largePut } from './support/everything-pending.ts'
import { session } from './support/session.ts'

beforeAll(() => {
  // Seconds that a session whose head is gone waits for it to come back.
  process.env.RAY_CLIENT_RECONNECT_GRACE_PERIOD = '2'
})

/** Everything that was under way must fail with what has happened, and nothing new may begin. */
async function expectAllLost(klaw: Runtime, pending: Record<string, Promise<unknown>>, what: RegExp): Promise<void> {
  for (const [name, outcome] of Object.entries(pending)) {
    const error = await outcome
    expect(error, name).toBeInstanceOf(RayError)
    expect((error as Error).message, name).toMatch(what)
    expect((error as Error).message, name).toMatch(/may or may not have been/)
  }
  expect(klaw.isClosed).toBe(true)
  expect(await failure(klaw.nodes())).toBeInstanceOf(RayError)
  expect(() => klaw.put(1)).toThrow(RayError)
}

/** Which of the sessions has ended: one, and only one. */
async function ended(sessions: Runtime[]): Promise<Runtime> {
  await until(() => sessions.some(({ isClosed }) => isClosed))
  const [first, ...more] = sessions.filter(({ isClosed }) => isClosed)
  expect(more).toEqual([])
  return first as Runtime
}

test('an agent that is an actor is killed, then the process of a session with its agent, then the whole head', async () => {
  const cluster = await ownCluster()
  const servers = (port = '\\d+') =>
    processesLike(cluster, new RegExp(`ray\\.util\\.client\\.server.*--port=(${port}) .*--mode=specific-server`))
  const ports = () => new Set(servers().map(({ pid }) => /--port=(\d+)/.exec(commandLine(pid))?.[1]))
  const tunnelled = await session({ lane: 'tunnel' }, cluster.address)
  // Ray leaves the process of a session that has ended idle for a while.
  const [idle] = ports()
  const sessions = [tunnelled, ...(await Promise.all([session({}, cluster.address), session({}, cluster.address)]))]
  const pending = new Map(
    await Promise.all(sessions.map(async (klaw) => [klaw, await everythingPending(klaw)] as const)),
  )
  const expectOneLost = async (what: RegExp) => {
    const lost = await ended([...pending.keys()])
    await expectAllLost(lost, pending.get(lost) ?? {}, what)
    pending.delete(lost)
    for (const klaw of pending.keys()) expect(klaw.isClosed).toBe(false)
  }

  const [agent, ...otherAgents] = processesLike(cluster, /^ray::KlawAgent/)
  expect(otherAgents.length).toBe(0)
  process.kill(agent?.pid as number, 'SIGKILL')
  await expectOneLost(/^the session is lost: the agent has ended: .*The actor .*died/s)

  const port = [...ports()].find((port) => port !== idle)
  for (const { pid } of servers(port)) process.kill(pid, 'SIGKILL')
  await expectOneLost(/^the session is lost: the (agent|session)/)

  const [left] = pending.keys()
  const { outcome } = await largePut(left as Runtime)
  killAbruptly(cluster)
  expect(await outcome).toBe(await failure((left as Runtime).nodes()))
  await expectOneLost(/^the session is lost: the (agent|session)/)
})
