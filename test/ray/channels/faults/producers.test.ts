import { expect, test } from 'vitest'
import { failure } from '../../../support/rejection.ts'
import { until } from '../../../support/until.ts'
import { session } from '../../faults/support/session.ts'
import { Child } from './support/child.ts'
import { item, Tally } from './support/tally.ts'

const largeSize = 2_000_000
const largeCount = 8

test('producers are killed in mid-batch: what was accepted arrives in order, and what they held is free again', async () => {
  const names = Object.fromEntries(
    ['batches', 'single', 'room', 'large'].map((what) => [what, `${what}-${process.pid}-${Math.random()}`]),
  ) as Record<'batches' | 'single' | 'room' | 'large', string>
  // Says after each batch what it has sent, and what the hub has said to have.
  const batches = new Child(`
    const [tx, rx] = await session.channel({ name: '${names.batches}', capacity: 2_000 })
    rx.close()
    say('ready')
    for (let next = 0; ; next += 100) {
      await tx.sendBatch(Array.from({ length: 100 }, (_, index) => next + index))
      say('sent', next + 100)
      if (next % 1_000 === 0) {
        await tx.stats()
        say('accepted', next + 100)
      }
    }
  `)
  // One by one as fast as it goes; it holds slots in advance, and permits.
  const single = new Child(`
    const [tx, rx] = await session.channel({ name: '${names.single}', capacity: 500 })
    const [room, exit] = await session.channel({ name: '${names.room}', capacity: 10 })
    const [large, unread] = await session.channel({ name: '${names.large}', capacity: 100 })
    rx.close()
    exit.close()
    unread.close()
    const permits = []
    for (let count = 0; count < 4; count++) permits.push(await room.reserve())
    for (let count = 0; count < ${largeCount}; count++) await large.send(new Uint8Array(${largeSize}).fill(count))
    await large.stats()
    const lasting = session.actor(klaw.pyActorClass('fault_shapes', 'Tally'), {
      numCpus: 0,
      name: '${names.large}',
    }).remote()
    await lasting.ready()
    say('ready')
    for (let next = 0; ; next++) {
      await tx.send(next)
      say('sent', next + 1)
      if (next % 100 === 0) {
        await tx.stats()
        say('accepted', next + 1)
      }
    }
  `)
  const klaw = await session()
  await Promise.all([batches.untilSaid('ready'), single.untilSaid('ready')])
  const tally = new Tally()
  const flows = await Promise.all(
    [
      { child: batches, name: names.batches, capacity: 2_000 },
      { child: single, name: names.single, capacity: 500 },
    ].map(async ({ child, name, capacity }, producer) => {
      const [own, rx] = await klaw.channel<number>({ name, capacity })
      // So the killed one is the last sender: its end has to end the channel.
      own.close()
      let count = 0
      const receiving = (async () => {
        for await (const each of rx) {
          expect(each).toBe(count++)
          tally.received(item(producer, each), `receiver ${producer}`)
        }
      })()
      await child.untilSaid('accepted', 5)
      return { child, producer, receiving, count: () => count }
    }),
  )
  await Promise.all([batches.kill(), single.kill()])
  const killed = performance.now()
  await Promise.all(flows.map(({ receiving }) => receiving))
  console.log(`their channels ended ${Math.round(performance.now() - killed)} ms after they were killed`)
  for (const { child, producer, count } of flows) {
    const [sent, accepted] = ['sent', 'accepted'].map((word) => child.numbers(word).at(-1) as number) as [
      number,
      number,
    ]
    tally.sent(...Array.from({ length: accepted }, (_, number) => item(producer, number)))
    expect(count()).toBeGreaterThanOrEqual(accepted)
    console.log(`producer ${producer}: ${sent} sent, ${accepted} of them known to be accepted, ${count()} received`)
  }
  tally.expectEachOnce({ redelivered: 0, disordered: 0 })

  // Its permits, and what it held in advance: another one can have the whole capacity.
  const [room] = await klaw.channel<number>({ name: names.room, capacity: 10 })
  await until(async () => (await room.stats()).senders === 1)
  expect((await room.trySendBatch(Array.from({ length: 10 }, (_, index) => index))).ok).toBe(true)

  // Its large messages are the hub's: they are there when all that was its own is gone.
  await until(async () => (await failure(klaw.getActor(names.large))) !== undefined)
  const [, large] = await klaw.channel<Uint8Array>({ name: names.large, capacity: 100 })
  for (let number = 0; number < largeCount; number++) {
    const message = await large.recv({ timeout: 30_000 })
    expect(message.length).toBe(largeSize)
    expect(message.every((byte) => byte === number)).toBe(true)
  }
  for (const name of Object.values(names)) await klaw.deleteChannel(name)
})
