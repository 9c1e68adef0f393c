import { type Runtime, select } from '@klaw/core'
import { failure } from '../../../../support/rejection.ts'
import { until } from '../../../../support/until.ts'

/** One of everything that waits for the hub, each under the name of what it is. */
export async function pendingOperations(klaw: Runtime, name: string): Promise<Record<string, Promise<unknown>>> {
  const [full, neverTaken] = await klaw.channel<number>({ name, capacity: 2 })
  await full.sendBatch([1, 2])
  const [nothingSent, empty] = await klaw.channel<number>({ name: `${name}-empty` })
  const [acknowledging, acknowledged] = await klaw.channel<number>({ name: `${name}-ack`, ack: 'manual' })
  await acknowledging.send(1)
  await acknowledged.recv()
  const [sayer, answer] = await klaw.oneshot<number>()
  const [, listener] = await klaw.broadcast<number>({ name: `${name}-broadcast` })
  const [, watcher] = await klaw.watch(1, { name: `${name}-watch` })
  const pending = {
    send: failure(full.send(3)),
    sendBatch: failure(full.clone().sendBatch([4, 5, 6])),
    reserve: failure(full.clone().reserve()),
    recv: failure(empty.recv()),
    recvBatch: failure(empty.clone().recvBatch({ max: 10 })),
    iteration: failure(empty.clone()[Symbol.asyncIterator]().next()),
    select: select([empty.clone()]).then(({ value }) => (value.ok ? undefined : value.error)),
    recvAcknowledged: failure(acknowledged.recv()),
    oneshot: failure(answer.recv()),
    broadcast: failure(listener.recv()),
    watch: failure(watcher.changed()),
  }
  const watching = { closed: nothingSent.closed(), oneshotClosed: sayer.closed() }
  await until(async () => {
    const [sending, receiving] = await Promise.all([neverTaken.stats(), empty.stats()])
    return sending.waitingSenders === 3 && receiving.waitingReceivers >= 3
  })
  return { ...pending, ...watching }
}
