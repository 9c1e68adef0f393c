import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { IdleWorkers, type TaskWorker } from '../../../src/engine/local/hub/directory/task-worker.ts'
import type { LeaseRequest } from '../../../src/engine/local/task-lease.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const request: LeaseRequest = {
  numCpus: undefined,
  numGpus: undefined,
  memory: undefined,
  resources: undefined,
  runtimeEnv: undefined,
}
const stopped: string[] = []

function worker(name: string): TaskWorker {
  const stop = async () => {
    stopped.push(name)
  }
  return { kind: JSON.stringify([0, []]), lease: undefined, stop } as unknown as TaskWorker
}

test('more workers than usual are kept for a moment; those that have waited longest go', () => {
  const idle = new IdleWorkers(2)
  for (const name of ['a', 'b', 'c', 'd']) idle.add(worker(name))
  const taken = idle.take(request)
  vi.advanceTimersByTime(999)
  expect(stopped).toEqual([])
  vi.advanceTimersByTime(1)
  expect(stopped).toEqual(['a'])
  idle.add(taken as TaskWorker)
  vi.advanceTimersByTime(1_000)
  expect(stopped).toEqual(['a', 'b'])
  expect(idle.take(request)).toBe(taken)
  expect(vi.getTimerCount()).toBe(0)
})
