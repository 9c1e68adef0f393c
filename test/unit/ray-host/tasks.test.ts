import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ThreadCalls } from '../../../src/engine/calls/serving/thread-calls.ts'
import { ValueCalls } from '../../../src/engine/calls/serving/value-calls.ts'
import { HostTasks } from '../../../src/engine/ray/host/tasks.ts'
import { Waits } from '../../../src/engine/ray/waits.ts'
import { rejection } from '../../support/rejection.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
})

afterEach(() => {
  vi.useRealTimers()
})

function rig() {
  const told: boolean[] = []
  const waits = new Waits()
  const thread = new ThreadCalls({ loading: undefined, definitions: new Set(), call: undefined })
  const tasks = new HostTasks(thread, new ValueCalls('k'), waits, (blocked) => told.push(blocked))
  const run = (target: (...args: never[]) => unknown, ...args: unknown[]) => {
    const code = { kind: 'task', description: { module: 'm', name: 'work' }, target } as const
    return tasks.run(code, args, new AbortController().signal)
  }
  return { told, waits, run, thread }
}

test('a task runs, and what it throws is what its run rejects with', async () => {
  const { run } = rig()
  expect(await run((a: number, b: number) => a + b, 1, 2)).toBe(3)
  expect(await run(async () => 'later')).toBe('later')
  expect(await rejection(run(() => Promise.reject(new RangeError('no'))))).toMatchObject({ message: 'no' })
})

test('a task that waits for a while is told of, until it goes on', async () => {
  const { told, waits, run } = rig()
  const task = run(async () => {
    waits.begin()
    await new Promise((resolve) => setTimeout(resolve, 100))
    waits.end()
  })
  await vi.advanceTimersByTimeAsync(9)
  expect(told).toEqual([])
  await vi.advanceTimersByTimeAsync(3)
  expect(told).toEqual([true])
  await vi.advanceTimersByTimeAsync(100)
  expect(told).toEqual([true, false])
  await task
})

test('a task that waits again and again, but never long, is not', async () => {
  const { told, waits, run } = rig()
  const task = run(async () => {
    for (let count = 0; count < 50; count++) {
      waits.begin()
      await new Promise((resolve) => setTimeout(resolve, 5))
      waits.end()
    }
  })
  await vi.advanceTimersByTimeAsync(1_000)
  await task
  expect(told).toEqual([])
})

test('nobody is told of waits without a task, nor of a task that ends while something else waits', async () => {
  const { told, waits, run } = rig()
  waits.begin()
  await vi.advanceTimersByTimeAsync(50)
  expect(told).toEqual([])
  const task = run(() => new Promise((resolve) => setTimeout(resolve, 30)))
  await vi.advanceTimersByTimeAsync(20)
  expect(told).toEqual([true])
  await vi.advanceTimersByTimeAsync(20)
  await task
  expect(told).toEqual([true, false])
})
