import { ChannelBackendError, type Runtime, type Sender } from '@klaw/core'
import { beforeAll, expect, test } from 'vitest'
import { killAbruptly, ownCluster, processesLike } from '../../../support/ray/own-cluster.ts'
import { failure, rejection } from '../../../support/rejection.ts'
import { until } from '../../../support/until.ts'
import { session } from '../../faults/support/session.ts'
import { pendingOperations } from './support/pending-operations.ts'

beforeAll(() => {
  // Seconds that a session whose head is gone waits for it to come back.
  process.env.RAY_CLIENT_RECONNECT_GRACE_PERIOD = '2'
})

/** Operations that only ask whether the channel is over, and so learn that it is. */
const questions = new Set(['closed', 'oneshotClosed'])

async function expectAllLost(pending: Record<string, Promise<unknown>>, name: string): Promise<void> {
  for (const [what, outcome] of Object.entries(pending)) {
    const error = await outcome
    if (questions.has(what)) {
      expect(error, what).toBeUndefined()
      continue
    }
    expect(error, what).toBeInstanceOf(ChannelBackendError)
    const { backend, channelName, namespace } = error as ChannelBackendError
    expect({ backend, namespace }, what).toEqual({ backend: 'ray', namespace: 'klaw' })
    if (what !== 'oneshot') expect(channelName, what).toMatch(new RegExp(`^${name}`))
  }
}

/** What a sender says of the items that the hub had not confirmed. */
async function unconfirmed(sender: Sender<number>): Promise<number> {
  const error = await rejection(sender.send(0))
  expect(error).toBeInstanceOf(ChannelBackendError)
  return (error as ChannelBackendError).unconfirmed
}

test('the hub is killed, and then the head: everything that waits is told, and what was not confirmed is counted', async () => {
  const cluster = await ownCluster()
  const [direct, tunnel] = (await Promise.all([
    session({ lane: 'direct' }, cluster.address),
    session({ lane: 'tunnel' }, cluster.address),
  ])) as [Runtime, Runtime]
  const pending = await Promise.all([pendingOperations(direct, 'near'), pendingOperations(tunnel, 'far')])
  const senders = await Promise.all(
    [direct, tunnel].map(async (klaw, index) => {
      const [tx, rx] = await klaw.channel<number>({ name: `counted-${index}`, capacity: 100 })
      // The second makes the sender hold slots in advance.
      for (let number = 0; number < 20; number++) await tx.send(number)
      for (let number = 0; number < 20; number++) expect(await rx.recv()).toBe(number)
      const permits = await Promise.all(Array.from({ length: 7 }, () => tx.reserve()))
      expect((await tx.stats()).sent).toBe(20)
      return { tx, permits }
    }),
  )
  const hubs = () => processesLike(cluster, /^ray::KlawHub/).map(({ pid }) => pid)
  expect(hubs().length).toBe(1)
  const [pid] = hubs() as [number]

  // It hears no more, and has been told of everything by then: what is sent now is what it has not confirmed.
  process.kill(pid, 'SIGSTOP')
  for (const { permits } of senders) for (const [number, permit] of permits.entries()) permit.send(number)
  const start = performance.now()
  process.kill(pid, 'SIGKILL')
  await expectAllLost(pending[0], 'near')
  await expectAllLost(pending[1], 'far')
  for (const { tx } of senders) expect(await unconfirmed(tx)).toBe(7)
  console.log(`all was told ${Math.round(performance.now() - start)} ms after the hub was killed`)

  // Ray has started it again: it knows nothing of what there was, and what is opened now is fresh.
  for (const [index, klaw] of [direct, tunnel].entries()) {
    expect(klaw.isClosed).toBe(false)
    expect(await klaw.getChannel('near')).toBeUndefined()
    const [tx, rx] = await klaw.channel<number>({ name: `counted-${index}`, capacity: 100 })
    expect(await tx.stats()).toMatchObject({ length: 0, sent: 0, senders: 1, receivers: 1 })
    await tx.sendBatch([7, 8, 9])
    expect(await rx.recvBatch({ max: 3, maxWait: 5_000 })).toEqual([7, 8, 9])
  }
  expect(hubs()).not.toContain(pid)

  const again = await Promise.all([pendingOperations(direct, 'near-2'), pendingOperations(tunnel, 'far-2')])
  const killed = performance.now()
  killAbruptly(cluster)
  await expectAllLost(again[0], 'near-2')
  await expectAllLost(again[1], 'far-2')
  await until(() => direct.isClosed && tunnel.isClosed)
  console.log(`all was told ${Math.round(performance.now() - killed)} ms after the head was killed`)
  for (const klaw of [direct, tunnel]) expect(await failure(klaw.channel())).toMatchObject({ name: 'RayError' })
})
