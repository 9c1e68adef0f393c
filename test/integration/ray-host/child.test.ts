import { once } from 'node:events'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ResultFlag } from '../../../src/wire/call-frames.ts'
import { FrameFlag } from '../../../src/wire/frame.ts'
import { attachedChild, Caller, Child } from '../../support/ray-host/child.ts'
import { type Attached, FakeParent } from '../../support/ray-host/fake-agent.ts'
import { rejection } from '../../support/rejection.ts'

const path = fileURLToPath(new URL('../../fixtures/ray-host/bundle.mjs', import.meta.url))
const place = { runtime: 'aa', module: 'bb', source: 'file:///home/me/counter.ts', inside: false }
const ok = { flags: 0 }

let parent: FakeParent
let child: Child
let attached: Attached

beforeEach(async () => {
  parent = await FakeParent.start()
  ;({ child, attached } = await attachedChild(parent))
})

afterEach(async () => {
  await child[Symbol.asyncDispose]()
  await parent[Symbol.asyncDispose]()
})

function create(name = 'Counter', args: readonly unknown[] = [], more: object = {}): Promise<unknown> {
  const code = { ...place, name, methods: {}, asynchronous: false, ...more }
  return parent.ask('host.create', { id: 'abc', path, code, maxConcurrency: null, ...parent.packed(...args) })
}

const call = (method: string, ...args: unknown[]) => parent.ask('host.call', { method, args })
const run = (name: string, ...args: unknown[]) =>
  parent.ask('host.run', { path, code: { ...place, name }, ...parent.packed(...args) })

/** Waits for a condition. One that never holds ends in the test's own timeout. */
async function until(done: () => boolean): Promise<void> {
  while (!done()) await new Promise((resolve) => setTimeout(resolve, 5))
}

describe('an actor', () => {
  test('is called by its parent, and by others over TCP', async () => {
    expect(await create('Counter', [5])).toBeUndefined()
    expect(await call('add', 2)).toBe(7)
    const caller = await Caller.dial(attached)
    expect(await caller.call('add', [3])).toEqual({ ...ok, value: 10 })
    expect(await Promise.all(Array.from({ length: 1_000 }, () => caller.call('add', [1])))).toHaveLength(1_000)
    expect(await call('add', 0)).toBe(1_010)
    expect(await caller.call('kind')).toEqual({ ...ok, value: 'ray' })
    caller.close()
  })

  test('answers with what its methods throw', async () => {
    await create()
    expect(await rejection(call('thrown'))).toMatchObject({ name: 'TypeError', message: 'thrown on purpose' })
    expect(await rejection(call('throwsStrange'))).toMatchObject({ name: 'KlawError', message: 'a strange thing' })
    const caller = await Caller.dial(attached)
    expect(await caller.call('thrown')).toMatchObject({
      flags: FrameFlag.error,
      value: { message: 'thrown on purpose' },
    })
    caller.close()
  })

  test('refuses what it does not have, and what can not be sent', async () => {
    await create()
    expect(await rejection(call('nothing'))).toMatchObject({ message: expect.stringContaining("no method 'nothing'") })
    expect(await rejection(call('numbers', 1))).toMatchObject({ message: 'Counter.numbers is a generator' })
    expect(await rejection(parent.ask('host.open', { method: 'add', args: [] }))).toMatchObject({
      message: 'Counter.add is no generator',
    })
    expect(await rejection(call('unsendable'))).toMatchObject({ name: 'SerializationError', path: 'result.inner[0]' })
    const caller = await Caller.dial(attached)
    expect(await caller.call('unsendable')).toMatchObject({
      flags: FrameFlag.error | ResultFlag.refused,
      value: { name: 'SerializationError', path: 'result.inner[0]' },
    })
    expect(await caller.call('add', [], 77)).toEqual({ flags: ResultFlag.lost, value: undefined })
    caller.close()
  })

  test('is not there when its constructor throws', async () => {
    expect(await rejection(create('Counter', [0, { fail: true }]))).toMatchObject({
      name: 'RangeError',
      message: 'this start is out of range',
      stack: expect.stringContaining('bundle.mjs'),
    })
    expect(await rejection(call('add', 1))).toMatchObject({ message: 'this process has no actor' })
  })

  test('is found among the exports of its module, or inside of the bundle', async () => {
    expect(await rejection(create('Hidden'))).toMatchObject({
      message: expect.stringContaining(
        "file:///home/me/counter.ts does not export the actor 'Hidden'; its exports are Counter (",
      ),
    })
    expect(await rejection(create('Hidden'))).toMatchObject({ message: expect.stringContaining('asked for an actor') })
  })

  test('that its module does not export is found by code of the same bundle', async () => {
    await create('Hidden', [], { inside: true })
    expect(await call('name')).toBe('hidden')
  })

  test('has no standard input', async () => {
    await create()
    expect(await call('input')).toEqual([])
  })
})

describe('calls', () => {
  test('are aborted with their requests', async () => {
    await create('Counter', [], { asynchronous: true })
    const controller = new AbortController()
    const waiting = rejection(parent.ask('host.call', { method: 'untilAborted', args: [] }, controller.signal))
    await call('add', 0)
    controller.abort(new Error('enough'))
    await waiting
    while ((await call('aborted')) === 0);
  })

  test('of a caller that vanishes are aborted, and its generators end', async () => {
    await create()
    const caller = await Caller.dial(attached)
    const { value } = await caller.call('numbers', [10])
    const { slot } = value as { slot: number }
    expect(await caller.call('next', [], slot)).toEqual({ ...ok, value: { done: false, value: 0 } })
    void caller.call('untilAborted')
    await caller.call('add', [0])
    caller.close()
    while ((await call('aborted')) === 0);
    expect(await call('ended')).toBe(true)
  })

  test('of generators go step by step', async () => {
    await create()
    const number = await parent.ask('host.open', { method: 'numbers', args: [2] })
    const next = () => parent.ask('host.next', number)
    expect([await next(), await next(), await next(), await next()]).toEqual([
      { done: false, value: 0 },
      { done: false, value: 1 },
      { done: true, value: undefined },
      { done: true, value: undefined },
    ])
    const other = await parent.ask('host.open', { method: 'numbers', args: [100] })
    await parent.ask('host.next', other)
    await parent.ask('host.close', other)
    expect(await parent.ask('host.next', other)).toEqual({ done: true, value: undefined })
    expect(await parent.ask('host.close', other)).toBeUndefined()
  })
})

describe('tasks', () => {
  test('run warm, one after the other, and are aborted', async () => {
    expect(await run('double', 21)).toBe(42)
    expect(await run('double', 1)).toBe(2)
    const controller = new AbortController()
    const request = { path, code: { ...place, name: 'slow' }, ...parent.packed() }
    const waiting = rejection(parent.ask('host.run', request, controller.signal))
    await run('double', 1)
    controller.abort(new Error('enough'))
    await waiting
    expect(await run('double', 4)).toBe(8)
    expect(await rejection(run('triple', 1))).toMatchObject({ message: expect.stringContaining("the task 'triple'") })
  })
})

describe('the end', () => {
  test('comes when standard input ends', async () => {
    await create()
    child.process.stdin?.end()
    expect(await child.exit).toEqual({ code: 0, signal: null })
    expect(child.stderr).toBe('')
  })

  test('comes also while a method loops', async () => {
    await create()
    void call('loop').catch(() => {})
    const caller = await Caller.dial(attached)
    void caller.call('loop')
    await call('add', 0).catch(() => {})
    child.process.stdin?.end()
    expect(await child.exit).toMatchObject({ code: 0 })
    caller.close()
  })

  test('comes when the session with the agent ends', async () => {
    parent.connection.close()
    expect(await child.exit).toMatchObject({ code: 69 })
    expect(child.stderr).toContain('klaw: this process ends: ')
  })

  test('by process.exit comes after what was answered', async () => {
    await create()
    const caller = await Caller.dial(attached)
    const added = caller.call('add', [1])
    void caller.call('exit', [3])
    expect(await added).toEqual({ ...ok, value: 1 })
    expect(await child.exit).toMatchObject({ code: 3 })
    caller.close()
  })

  test.each([
    ['failLater', { name: 'RangeError', message: 'nobody catches this', detail: 7 }],
    ['rejectLater', { name: 'TypeError', message: 'nobody awaits this' }],
  ])('by an error that nobody catches is explained, after what was answered: %s', async (method, error) => {
    await create()
    expect(await call(method)).toBe('soon')
    expect(await child.exit).toEqual({ code: 1, signal: null })
    await until(() => parent.events.length > 0)
    expect(parent.events).toEqual([{ name: 'host.failing', argument: expect.objectContaining(error) }])
    expect(child.stderr).toContain(`${error.name}: ${error.message}`)
    expect(child.stderr).toContain('bundle.mjs')
  })
})

test('what is printed goes to the standard output', async () => {
  await create()
  await call('say', 'hello there')
  await until(() => child.stdout.includes('\n'))
  expect(child.stdout).toBe('hello there\n')
})

test('garbage and silent callers do an actor no harm', async () => {
  await create()
  const socket = connect(attached.port, attached.host)
  socket.on('error', () => {})
  socket.end('GET / HTTP/1.1\r\n\r\n')
  await once(socket.resume(), 'close')
  expect(await call('add', 1)).toBe(1)
  await until(() => child.stderr.includes('\n'))
  expect(child.stderr).toBe('klaw: a caller spoke something else than klaw; further ones are not logged\n')
})

test.each([
  ['no JSON', 'hello'],
  ['too little', {}],
])('a child that is told %s ends with a message', async (_name, line) => {
  await using other = new Child()
  other.tell(line)
  expect(await other.exit).toMatchObject({ code: 1 })
  expect(other.stderr).toContain('this program is started by klaw')
})
