import { randomUUID } from 'node:crypto'
import { connect, type RayConnectOptions, type Runtime } from '@klaw/core'
import { inject, onTestFinished } from 'vitest'

/** Needs no place of a worker that others wait for. */
export const free = { numCpus: 0 }

/** A session on the shared head, or the one that is named, in a namespace of its own. Whoever opens it ends it. */
export function openSession(options: RayConnectOptions = {}, address = inject('rayAddress')): Promise<Runtime> {
  return connect(address as `ray://${string}`, { namespace: randomUUID(), timeout: 90_000, ...options })
}

/** One that ends with the test. */
export async function session(options?: RayConnectOptions, address?: string): Promise<Runtime> {
  const klaw = await openSession(options, address)
  onTestFinished(() => klaw.shutdown())
  return klaw
}
