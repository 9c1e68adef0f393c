import type { Runtime } from '@klaw/core'
import { expect } from 'vitest'
import { failure } from '../../../support/rejection.ts'
import { free, Patient } from './session.ts'

const largeSize = 60_000_000

/** Starts one of everything that waits for the cluster, and resolves when all of it is on its way there. */
export async function everythingPending(klaw: Runtime): Promise<Record<string, Promise<unknown>>> {
  const patient = klaw.actor(Patient, free).remote()
  await patient.ready()
  const words = patient.one_word.remote()[Symbol.asyncIterator]()
  expect(await words.next()).toEqual({ done: false, value: 'first' })
  const queue = klaw.queue<number>({ maxsize: 1 })
  await queue.put(1)
  const empty = klaw.queue<number>()
  await empty.size()
  const call = patient.wait.remote()
  const impossible = klaw.actor(Patient, { resources: { nowhere: 1 } }).remote()
  const pending = {
    call: failure(call),
    get: failure(klaw.get([patient.wait.remote(), klaw.put(1)])),
    wait: failure(klaw.wait([patient.wait.remote()], { numReturns: 1 })),
    stream: failure(words.next()),
    queuePut: failure(queue.put(2)),
    queueGet: failure(empty.get()),
    ready: failure(impossible.ready()),
  }
  // What was asked for before this has been read by the agent, since it reads in order.
  await klaw.info()
  return pending
}

/** A put of so much that it takes a while; resolves when it is on its way. */
export async function largePut(klaw: Runtime): Promise<{ outcome: Promise<unknown> }> {
  let outcome: Promise<unknown> = Promise.resolve()
  await new Promise<void>((resolve) => {
    const onProgress = (bytes: number) => {
      if (bytes > 1_000_000) resolve()
    }
    outcome = failure(klaw.get(klaw.put(new Uint8Array(largeSize), { onProgress })))
  })
  return { outcome }
}
