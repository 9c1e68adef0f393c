import { connect, pyActorClass, type RayConnectOptions, type Runtime } from '@klaw/core'
import { inject, onTestFinished } from 'vitest'

export interface Counter {
  add(amount?: number): number
  note(...values: unknown[]): unknown[]
  fail(text: string): void
  steps(to: number): Generator<number>
  process(): number
  variable(name: string): string | null
  leave(): void
  describe(value: unknown): string
  inner_ref(values: unknown[]): string
  resolve(values: unknown[]): unknown
  make_refs(count: number): unknown[]
  use_counter(counter: unknown): number
  use_queue(queue: unknown): number
  size_of(array: unknown): [string, number, number]
}

export interface Slow {
  wait(): Promise<string>
  open(): void
  words(...words: string[]): AsyncGenerator<string>
}

export const Counter = pyActorClass<Counter, [start?: number, step?: number]>('engine_shapes', 'Counter', {
  generators: ['steps'],
})
export const Slow = pyActorClass<Slow, []>('engine_shapes', 'Slow', { generators: ['words'] })

/** A session on the shared head, which ends with the test. */
export async function session(options: RayConnectOptions = {}): Promise<Runtime> {
  const klaw = await connect(inject('rayAddress') as `ray://${string}`, { timeout: 60_000, ...options })
  onTestFinished(() => klaw.shutdown())
  return klaw
}
