import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { rejection } from '../../support/rejection.ts'
import { until } from '../../support/until.ts'
import { firstLine, startProgram } from '../faults/support/child-program.ts'
import { Mortal } from './fixtures/mortal.ts'
import { processesOf, untilReaped } from './support/processes.ts'
import { free, session } from './support/session.ts'
import { Witness } from './support/witness.ts'

interface MortalLike {
  note(text: string): string
  processes(): [child: number, worker: number]
}

test('a caller that is killed: what it called is aborted, its own actors end, detached ones stay', async () => {
  const namespace = randomUUID()
  const klaw = await session({ namespace })
  const [shared, passing, lasting] = [new Witness(), new Witness(), new Witness()]
  const callee = klaw.actor(Mortal, { ...free, name: 'callee', maxConcurrency: 10 }).remote(shared.path)
  await callee.ready()
  const program = startProgram(
    `
    const session = await klaw.connect(address, { namespace: '${namespace}', gracePeriod: 1_000, timeout: 90_000 })
    // In the cluster it is the fixture's class.
    const Mortal = klaw.actor({ url: ${JSON.stringify(new URL('./fixtures/mortal.ts', import.meta.url).href)} }, class MortalActor {
      async hold() {}
      note() {}
      processes() {}
      *count() {}
    })
    const callee = await session.getActor('callee')
    const passing = session.actor(Mortal, { numCpus: 0 }).remote(${JSON.stringify(passing.path)})
    const lasting = session.actor(Mortal, { numCpus: 0, name: 'lasting', lifetime: 'detached' }).remote(${JSON.stringify(lasting.path)})
    const numbers = callee.count.remote(1_000_000)
    await numbers.next()
    const calls = [callee.hold.remote('held'), passing.hold.remote('held'), lasting.hold.remote('held')]
    await session.get([passing.note.remote('ready'), lasting.note.remote('ready'), callee.note.remote('ready')])
    console.log('ready')
    await session.get(calls)
    `,
    { RAY_CLIENT_RECONNECT_GRACE_PERIOD: '1' },
  )
  expect(await firstLine(program)).toBe('ready')
  await Promise.all([shared, passing, lasting].map((witness) => witness.saw('begin held')))
  const unnamed = processesOf(Object.values(passing.births[0] ?? {}))
  const detached = await klaw.getActor<MortalLike>('lasting')
  onTestFinished(() => klaw.kill(detached))

  program.kill('SIGKILL')
  await once(program, 'exit')
  // Of a connection that is gone nobody knows whether it will be back, until its grace period is over.
  await Promise.all([shared.begins('aborted held: '), lasting.begins('aborted held: '), shared.saw('closed')])
  await untilReaped(unnamed)
  expect(await detached.note.remote('goes on')).toBe('goes on')
  expect(await detached.processes.remote()).toEqual(Object.values(lasting.births[0] ?? {}))
  expect(await callee.note.remote('goes on')).toBe('goes on')
  expect(shared.count('begin held')).toBe(1)
})

test('a runtime that is shut down with calls in flight: they fail here, are aborted there, and its actors end', async () => {
  const namespace = randomUUID()
  const klaw = await session({ namespace })
  const other = await session({ namespace })
  const [shared, own] = [new Witness(), new Witness()]
  const callee = klaw.actor(Mortal, { ...free, name: 'callee', maxConcurrency: 10 }).remote(shared.path)
  await callee.ready()
  const borrowed = await other.getActor<{ hold(name: string): Promise<string> }>('callee')
  const mine = other.actor(Mortal, free).remote(own.path)
  const calls = [rejection(borrowed.hold.remote('held')), rejection(mine.hold.remote('held'))]
  await Promise.all([shared.saw('begin held'), own.saw('begin held')])
  const processes = processesOf(Object.values(own.births[0] ?? {}))
  await other.shutdown()
  for (const error of await Promise.all(calls)) expect(error).toMatchObject({ code: 'RUNTIME_CLOSED' })
  await shared.begins('aborted held: ')
  await untilReaped(processes)
  await until(async () => (await callee.note.remote('goes on')) === 'goes on')
})
