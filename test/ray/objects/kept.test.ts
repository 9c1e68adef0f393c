import { once } from 'node:events'
import { type ObjectRef, pyFunction } from '@klaw/core'
import { expect, onTestFinished, test } from 'vitest'
import { failure } from '../../support/rejection.ts'
import { until } from '../../support/until.ts'
import { Counter, session } from '../engine/session.ts'
import { firstLine, startProgram } from '../faults/support/child-program.ts'

const free = { numCpus: 0 }
const half = 'x'.repeat(500)

test('a small value is an ordinary object for Python, however it gets there, and always the same one', async () => {
  const klaw = await session()
  const counter = klaw.actor(Counter, free).remote()
  const ref = klaw.put({ half })
  const describe = klaw.task(pyFunction<(value: unknown) => string>('engine_shapes', 'name_of'))
  expect(await describe.remote(ref)).toBe(`{'half': '${half}'}`)
  const [first] = (await counter.note.remote([ref])) as [[ObjectRef<unknown>]]
  const [, outer] = (await counter.note.remote([klaw.put({ inside: ref })])) as [
    unknown,
    [ObjectRef<{ inside: typeof ref }>],
  ]
  const { inside } = await outer[0]
  for (const back of [first[0], inside]) {
    expect(back.equals(ref)).toBe(true)
    expect(back.id).toBe(ref.id)
    expect(await back).toEqual({ half })
  }
  expect(await counter.resolve.remote([ref])).toEqual({ half })
})

test('thousands of small values in one argument arrive, and others go on meanwhile', async () => {
  const klaw = await session()
  const counter = klaw.actor(Counter, free).remote()
  const refs = Array.from({ length: 2_000 }, (_, index) => klaw.put(index))
  const noted = counter.note.remote(refs)
  const added = counter.add.remote()
  expect(await klaw.put('meanwhile')).toBe('meanwhile')
  for (const ref of refs) ref[Symbol.dispose]()
  const [back] = (await noted) as [ObjectRef<number>[]]
  expect(await klaw.get(back)).toEqual(Array.from({ length: 2_000 }, (_, index) => index))
  expect(await added).toBe(1)
})

test('who holds the ref, in Python or in another session, has the value after its maker has let go of it', async () => {
  const namespace = `kept-by-others-${process.pid}`
  const klaw = await session({ namespace })
  const other = await session({ namespace })
  const counter = klaw.actor(Counter, { ...free, name: 'keeper' }).remote()
  const [tx, rx] = await klaw.channel<ObjectRef<string>>({ name: 'refs', capacity: 1 })
  const [, received] = await other.channel<ObjectRef<string>>({ name: 'refs', capacity: 1 })
  const noted = klaw.put(half)
  const sent = klaw.put('sent')
  await counter.note.remote([noted])
  await rx.close()
  await tx.send(sent)
  noted[Symbol.dispose]()
  sent[Symbol.dispose]()
  const keeper = await other.getActor<Counter>('keeper')
  const [[back]] = (await keeper.note.remote()) as [[ObjectRef<string>]]
  expect(await back).toBe(half)
  expect(await await received.recv()).toBe('sent')
  await Promise.all([tx, received].map((end) => end.close()))
})

test('small values end with the session that has put them', async () => {
  const namespace = `kept-${process.pid}`
  const program = startProgram(
    `
    const session = await klaw.connect(address, { namespace: '${namespace}' })
    const Counter = klaw.pyActorClass('engine_shapes', 'Counter')
    const passing = session.actor(Counter, { numCpus: 0, name: 'passing' }).remote()
    const lasting = session.actor(Counter, { numCpus: 0, name: 'lasting', lifetime: 'detached' }).remote()
    const small = session.put('small')
    await session.get([passing.add.remote(), lasting.note.remote([small])])
    console.log('ready')
    setInterval(() => small, 1_000)
    `,
    { RAY_CLIENT_RECONNECT_GRACE_PERIOD: '1' },
  )
  /** What a session that has never had the value gets. */
  const look = async () => {
    const fresh = await session({ namespace })
    try {
      const [[ref]] = (await (await fresh.getActor<Counter>('lasting')).note.remote()) as [[ObjectRef<string>]]
      return await ref.then(String, (error: unknown) => (error as { code?: unknown }).code)
    } finally {
      await fresh.shutdown()
    }
  }
  expect(await firstLine(program)).toBe('ready')
  const klaw = await session({ namespace })
  const lasting = await klaw.getActor<Counter>('lasting')
  onTestFinished(() => klaw.kill(lasting))
  expect(await look()).toBe('small')
  program.kill('SIGKILL')
  await once(program, 'exit')
  await until(async () => (await failure(klaw.getActor('passing'))) !== undefined)
  let found: unknown
  await until(async () => {
    found = await look()
    return found !== 'small'
  })
  expect(found).toMatch(/OWNER_DIED|OBJECT_LOST/)
})
