import { once } from 'node:events'
import type { ObjectRef } from '@klaw/core'
import { expect, onTestFinished, test } from 'vitest'
import { failure, rejection } from '../../support/rejection.ts'
import { until } from '../../support/until.ts'
import { AgentPath } from './support/agent-path.ts'
import { firstLine, startProgram } from './support/child-program.ts'
import { free, session, Tally } from './support/session.ts'

interface Counter {
  note(...values: unknown[]): unknown[]
  add(): number
}

test('a client that is killed: its actors and objects go, detached ones stay', async () => {
  const namespace = `killed-${process.pid}`
  const program = startProgram(
    `
    const session = await klaw.connect(address, { namespace: '${namespace}' })
    const Counter = klaw.pyActorClass('engine_shapes', 'Counter')
    const passing = session.actor(Counter, { numCpus: 0, name: 'passing' }).remote()
    const lasting = session.actor(Counter, { numCpus: 0, name: 'lasting', lifetime: 'detached' }).remote()
    const large = session.put(new Uint8Array(2_000_000))
    await session.get([passing.add.remote(), lasting.note.remote([large])])
    console.log('ready')
    setInterval(() => large, 1_000)
    `,
    { RAY_CLIENT_RECONNECT_GRACE_PERIOD: '1' },
  )
  const klaw = await session({ namespace })
  expect(await firstLine(program)).toBe('ready')
  const passing = await klaw.getActor<Counter>('passing')
  const lasting = await klaw.getActor<Counter>('lasting')
  onTestFinished(() => klaw.kill(lasting))
  const [[ref]] = (await lasting.note.remote()) as [[ObjectRef<Uint8Array>]]
  expect((await ref).length).toBe(2_000_000)
  expect(await passing.add.remote()).toBe(2)

  program.kill('SIGKILL')
  await once(program, 'exit')
  await until(async () => (await failure(passing.add.remote())) !== undefined)
  expect(await rejection(passing.add.remote())).toMatchObject({ code: 'ACTOR_DIED' })
  expect(await rejection(klaw.getActor('passing'))).toMatchObject({ code: 'ACTOR_NOT_FOUND' })
  // A copy can be read for as long as nobody has taken it away.
  let lost: unknown
  await until(async () => {
    const [[again]] = (await lasting.note.remote()) as [[ObjectRef<Uint8Array>]]
    lost = await failure(again)
    return lost !== undefined
  })
  expect(lost).toMatchObject({ code: expect.stringMatching(/OWNER_DIED|OBJECT_LOST/) })
  expect(await lasting.add.remote()).toBe(1)
})

test('a program that has nothing to wait for ends, says nothing meanwhile, and computes nothing', async () => {
  const path = await AgentPath.open()
  const klaw = await session({ agentAddress: path.lead, lane: 'direct' })
  await klaw.actor(Tally, free).remote().count.remote(1)
  const program = startProgram(`
    const session = await klaw.connect(address)
    const size = await session.task(klaw.pyFunction('builtins', 'len')).remote([1, 2])
    const before = process.cpuUsage()
    await new Promise((resolve) => setTimeout(resolve, 2_000))
    const { user, system } = process.cpuUsage(before)
    console.log(JSON.stringify({ size, idle: (user + system) / 1_000 }))
  `)
  const ended = once(program, 'exit')
  const line = await firstLine(program)
  // The session here has been idle as well, while the other one started.
  const { carried } = path
  const { size, idle } = JSON.parse(line) as { size: number; idle: number }
  console.log(`an idle client has used ${idle} ms of processor time in 2 s`)
  expect(size).toBe(2)
  expect((await ended)[0]).toBe(0)
  expect(path.carried).toBe(carried)
})
