import { connect, pyActorClass, type RayConnectOptions, type Runtime } from '@klaw/core'
import { inject, onTestFinished } from 'vitest'

interface Patient {
  wait(): Promise<void>
  one_word(): AsyncGenerator<string>
}

interface Tally {
  count(number: number): number
  summary(): [numbers: number, most: number]
}

export const Patient = pyActorClass<Patient, []>('fault_shapes', 'Patient', { generators: ['one_word'] })
export const Tally = pyActorClass<Tally, []>('fault_shapes', 'Tally')

/** Needs no place of a worker that others wait for. */
export const free = { numCpus: 0 }

/** A session on the shared head, or the one that is named, which ends with the test. */
export async function session(options: RayConnectOptions = {}, address = inject('rayAddress')): Promise<Runtime> {
  const klaw = await connect(address as `ray://${string}`, { timeout: 60_000, ...options })
  onTestFinished(() => klaw.shutdown())
  return klaw
}
