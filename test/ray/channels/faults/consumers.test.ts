import { expect, test } from 'vitest'
import { session } from '../../faults/support/session.ts'
import { Child } from './support/child.ts'
import { item, Tally } from './support/tally.ts'

test('consumers are killed while they hold items that they have fetched, and that they have not acknowledged', async () => {
  const plain = `plain-${process.pid}-${Math.random()}`
  const acked = `acked-${process.pid}-${Math.random()}`
  // Takes what comes until it has also fetched some that it has not taken, and then nothing more.
  const idle = new Child(`
    const [, plain] = await session.channel({ name: '${plain}', capacity: 5_000 })
    const [, acked] = await session.channel({ name: '${acked}', capacity: 5_000, ack: 'manual' })
    say('ready')
    for (let count = 0; count < 200 || plain.length === 0; count++) say('plain', await plain.recv())
    say('held', plain.length)
    for (let count = 0; count < 200 || acked.length === 0; count++) {
      const delivery = await acked.recv()
      say('taken', delivery.value)
      if (count >= 50) continue
      delivery.ack()
      say('acked', delivery.value)
    }
    say('held', acked.length)
    await acked.stats()
    say('idle')
    setInterval(() => undefined, 1_000)
  `)
  // Works as fast as it can until it dies in the middle of that.
  const busy = new Child(`
    const [, acked] = await session.channel({ name: '${acked}', capacity: 5_000, ack: 'manual' })
    say('ready')
    const idle = setInterval(() => undefined, 1_000)
    await new Promise((resolve) => process.once('SIGUSR2', resolve))
    clearInterval(idle)
    for await (const delivery of acked) {
      say('taken', delivery.value)
      delivery.ack()
      // Whoever wants to rely on what he has said lets it leave first.
      await new Promise((resolve) => setImmediate(resolve))
      say('acked', delivery.value)
    }
  `)
  const klaw = await session()
  const [[plainTx, plainRx], [ackedTx, ackedRx]] = await Promise.all([
    klaw.channel<number>({ name: plain, capacity: 5_000 }),
    klaw.channel<number>({ name: acked, capacity: 5_000, ack: 'manual' }),
  ])
  await Promise.all([idle.untilSaid('ready'), busy.untilSaid('ready')])
  const tally = { plain: new Tally(), acked: new Tally() }
  const numbers = Array.from({ length: 4_000 }, (_, number) => item(0, number))
  await Promise.all([plainTx.sendBatch(numbers), ackedTx.sendBatch(numbers)])
  tally.plain.sent(...numbers)
  tally.acked.sent(...numbers)

  await idle.untilSaid('idle')
  const [fetched, fetchedInAckMode] = idle.numbers('held') as [number, number]
  expect(fetched).toBeGreaterThan(0)
  expect(fetchedInAckMode).toBeGreaterThan(0)
  busy.signal('SIGUSR2')
  await busy.untilSaid('acked', 500)
  await Promise.all([idle.kill(), busy.kill()])

  // What a consumer without acknowledgements has taken is its own, and so is what it made of it.
  for (const each of idle.numbers('plain')) tally.plain.received(each, 'idle')
  for (const each of idle.numbers('acked')) tally.acked.received(each, 'idle')
  for (const each of busy.numbers('taken')) tally.acked.received(each, 'busy')
  const killed = performance.now()
  plainTx.close()
  for await (const each of plainRx) tally.plain.received(each, 'survivor')
  ackedTx.close()
  const counts = new Map<number, number>()
  const acknowledged = new Set(busy.numbers('acked'))
  const open = busy.numbers('taken').filter((each) => !acknowledged.has(each))
  for await (const delivery of ackedRx) {
    const { value, deliveryCount } = delivery
    delivery.ack()
    counts.set(value, deliveryCount)
    // What the busy one had in its hands when it died may not have been said to be taken yet.
    const isAgain = deliveryCount > 1 || open.includes(value)
    tally.acked.received(value, 'survivor', isAgain ? 2 : 1)
  }
  console.log(
    `held when killed: ${fetched} fetched, ${idle.numbers('taken').length - 50} unacknowledged, ${fetchedInAckMode} more fetched; ` +
      `all was there ${Math.round(performance.now() - killed)} ms later: plain ${JSON.stringify(tally.plain.verdict)}, ` +
      `acknowledged ${JSON.stringify(tally.acked.verdict)}`,
  )
  tally.plain.expectEachOnce({ received: 4_000, redelivered: 0 })
  tally.acked.expectEachOnce({ received: 4_000 })
  // Taken and not acknowledged: it says that it comes again.
  for (const each of idle.numbers('taken').slice(50)) expect(counts.get(each)).toBe(2)
  // Of what the busy one had not said to have acknowledged, one acknowledgement can have left before it could say so.
  expect(open.filter((each) => !counts.has(each)).length).toBeLessThanOrEqual(1)
  // Only fetched: nobody has seen it before.
  const last = Math.max(...idle.numbers('taken'))
  for (let number = last + 1; number <= last + fetchedInAckMode; number++) expect(counts.get(number)).toBe(1)
})
