import { once } from 'node:events'
import { expect, test } from 'vitest'
import { ownCluster, processesLike } from '../../support/ray/own-cluster.ts'
import { until } from '../../support/until.ts'
import { forwarder } from '../bootstrap/support/forwarder.ts'
import { firstLine, startProgram } from './support/child-program.ts'
import { free, session, Tally } from './support/session.ts'

const sessionProcess = /--mode=specific-server/
const agentActor = /^ray::KlawAgent/

test('a client that is killed leaves no process of its session, and its agent started none', async () => {
  const cluster = await ownCluster()
  const program = startProgram(
    `
    const session = await klaw.connect('${cluster.address}')
    console.log((await session.info()).lane)
    setInterval(() => session, 1_000)
    `,
    { RAY_CLIENT_RECONNECT_GRACE_PERIOD: '1' },
  )
  expect(await firstLine(program)).toBe('direct')
  expect(processesLike(cluster, sessionProcess)).not.toEqual([])
  expect(processesLike(cluster, agentActor)).toEqual([])
  program.kill('SIGKILL')
  await once(program, 'exit')
  await until(() => processesLike(cluster, sessionProcess).length === 0)
})

test('a session that is cut off from the client port goes on, and its agent with it', async () => {
  const cluster = await ownCluster()
  const { address, cut } = await forwarder(cluster.address)
  // If it is cut off just when it leaves, the cluster hears of that after this time.
  const klaw = await session({ lane: 'direct', gracePeriod: 10_000 }, address)
  const tally = klaw.actor(Tally, free).remote()
  expect(await tally.count.remote(0)).toBe(0)
  const servers = processesLike(cluster, sessionProcess)
  for (let number = 1; number <= 3; number++) {
    cut()
    expect(await tally.count.remote(number)).toBe(number)
  }
  expect(processesLike(cluster, sessionProcess)).toEqual(servers)
  await klaw.shutdown()
  await until(() => processesLike(cluster, sessionProcess).length === 0)
})

test('where the agent can not be reached, another one is started that is an actor', async () => {
  const cluster = await ownCluster()
  // Nobody listens on that port.
  const klaw = await session({ agentAddress: () => ({ host: '127.0.0.1', port: 1 }) }, cluster.address)
  const { lane, notDirect } = await klaw.info()
  expect(lane).toBe('tunnel')
  expect(String(notDirect)).toMatch(/ECONNREFUSED/)
  expect(processesLike(cluster, agentActor)).toHaveLength(1)
  const tally = klaw.actor(Tally, free).remote()
  expect(await tally.count.remote(1)).toBe(1)
  await klaw.shutdown()
  await until(() => processesLike(cluster, agentActor).length === 0)
})
