import { setImmediate as nextTurn } from 'node:timers/promises'
import type { ChannelStats, Receiver, Sender } from '@klaw/core'
import { until } from '../../support/until.ts'

/** Collects everything until the channel has closed. */
export async function drain<T>(receiver: AsyncIterable<T>): Promise<T[]> {
  const values: T[] = []
  for await (const value of receiver) values.push(value)
  return values
}

/** Receives `count` values. */
export async function take<T>(receiver: Receiver<T>, count: number): Promise<T[]> {
  const values: T[] = []
  while (values.length < count) values.push(await receiver.recv())
  return values
}

/** Waits until whoever holds the channel counts what is expected. */
export async function untilStats(
  end: Sender<never> | Receiver<unknown>,
  expected: Partial<ChannelStats>,
): Promise<void> {
  await until(async () => {
    const stats = await end.stats()
    return Object.entries(expected).every(([key, value]) => stats[key as keyof ChannelStats] === value)
  })
}

/** Whether the promise is still pending after a few turns of the event loop. */
export async function isPending(promise: Promise<unknown>): Promise<boolean> {
  let pending = true
  const settled = () => {
    pending = false
  }
  promise.then(settled, settled)
  for (let turn = 0; turn < 5; turn++) await nextTurn()
  return pending
}

/** 0, 1, 2, … */
export function numbers(count: number, from = 0): number[] {
  return Array.from({ length: count }, (_, index) => from + index)
}
