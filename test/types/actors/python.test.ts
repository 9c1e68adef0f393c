import {
  type ActorHandle,
  connect,
  type ObjectRef,
  pyActorClass,
  pyFunction,
  type RemoteStreamTask,
  type RemoteTask,
  type Runtime,
} from '@klaw/core'
import { expectTypeOf, test } from 'vitest'

interface Counter {
  add(amount: number, note?: string): number
  history(): Generator<number>
  words(): AsyncGenerator<string>
}

declare const klaw: Runtime
declare const text: ObjectRef<string>
declare const count: ObjectRef<number>

test('a class in Python is created with the arguments that its definition says', () => {
  const Definition = pyActorClass<Counter, [start: number, label?: string]>('counters', 'Counter', {
    generators: ['history', 'words'],
  })
  const handle = klaw.actor(Definition, { numCpus: 1 }).options({ name: 'c' }).remote(1, text)
  expectTypeOf(handle).toEqualTypeOf<ActorHandle<Counter>>()
  expectTypeOf(handle.add.remote(count)).toEqualTypeOf<ObjectRef<number>>()
  expectTypeOf(handle.history.remote()).toEqualTypeOf<AsyncIterableIterator<number>>()
  expectTypeOf(handle.words.remote()).toEqualTypeOf<AsyncIterableIterator<string>>()
  // @ts-expect-error the first argument is a number
  klaw.actor(Definition).remote('1')
  // @ts-expect-error an argument is missing
  klaw.actor(Definition).remote()
  // @ts-expect-error there is no such method
  handle.subtract
  // @ts-expect-error add is no generator
  pyActorClass<Counter>('counters', 'Counter', { generators: ['add'] })
})

test('without a word about its arguments it takes any', () => {
  const handle = klaw.actor(pyActorClass<Counter>('counters', 'Counter')).remote(1, 'two', [3])
  expectTypeOf(handle).toEqualTypeOf<ActorHandle<Counter>>()
})

test('a class type says both', () => {
  type CounterClass = new (start: number) => Counter
  const made = klaw.actor(pyActorClass<CounterClass>('counters', 'Counter', { generators: ['words'] }))
  expectTypeOf(made.remote(1)).toEqualTypeOf<ActorHandle<Counter>>()
  // @ts-expect-error the argument is a number
  made.remote('1')
})

test('functions in Python are tasks', () => {
  const sqrt = klaw.task(pyFunction<(value: number) => number>('math', 'sqrt'))
  expectTypeOf(sqrt).toEqualTypeOf<RemoteTask<(value: number) => number>>()
  expectTypeOf(sqrt.remote(count)).toEqualTypeOf<ObjectRef<number>>()
  // @ts-expect-error the argument is a number
  sqrt.remote('2')
  const lines = klaw.task(pyFunction<(path: string) => Generator<string>>('files', 'lines', { generator: true }))
  expectTypeOf(lines).toEqualTypeOf<RemoteStreamTask<(path: string) => Generator<string>>>()
  expectTypeOf(lines.remote('a')).toEqualTypeOf<AsyncIterableIterator<string>>()
  expectTypeOf(lines.options({ numCpus: 2 }).remote(text)).toEqualTypeOf<AsyncIterableIterator<string>>()
})

test('each engine has its own options', () => {
  expectTypeOf(
    connect('ray://head:10001', { lane: 'direct', runtimeEnv: { pip: ['numpy'] } }),
  ).resolves.toEqualTypeOf<Runtime>()
  expectTypeOf(connect(undefined, { numCpus: 2 })).resolves.toEqualTypeOf<Runtime>()
  // @ts-expect-error a cluster has its own CPUs
  connect('ray://head:10001', { numCpus: 2 })
  // @ts-expect-error there is no lane in one process
  connect('embedded', { lane: 'direct' })
})

test('progress is told in bytes', () => {
  const ref = klaw.put(new Uint8Array(8), {
    onProgress: (bytes, total) => expectTypeOf([bytes, total]).toEqualTypeOf<number[]>(),
  })
  expectTypeOf(klaw.get(ref, { onProgress: () => {} })).resolves.toEqualTypeOf<Uint8Array<ArrayBuffer>>()
})
