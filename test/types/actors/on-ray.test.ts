import {
  type ActorHandle,
  actor,
  type ConnectOptions,
  connect,
  type EngineInfo,
  type LogLine,
  type NodeJs,
  type ObjectRef,
  type RayConnectOptions,
  type Receiver,
  type RemoteTask,
  type Runtime,
  type Sender,
  task,
} from '@klaw/core'
import { expectTypeOf, test } from 'vitest'

const Hasher = actor(
  import.meta,
  class Hasher<Salt extends string | number> {
    readonly #salt: Salt
    constructor(salt: Salt, seed?: Uint8Array) {
      this.#salt = salt
      seed?.fill(0)
    }

    hash(data: Uint8Array): { readonly digest: string; readonly salt: Salt } {
      return { digest: data.join(), salt: this.#salt }
    }

    async hashAll(from: Receiver<Uint8Array>, to: Sender<string>): Promise<number> {
      for await (const data of from) await to.send(data.join())
      return 0
    }

    keep(value: ObjectRef<Date>, other: ActorHandle<{ ping(): number }>): ObjectRef<Date>[] {
      return [value, value].slice(other === undefined ? 0 : 1)
    }

    async *parts(): AsyncGenerator<Uint8Array, void> {
      yield new Uint8Array(1)
    }
  },
)
const sum = task(import.meta, async function sum(...values: number[]): Promise<number> {
  return values.length
})

declare const klaw: Runtime
declare const bytes: ObjectRef<Uint8Array>
declare const date: ObjectRef<Date>
declare const pinger: ActorHandle<{ ping(): number }>
declare const names: Receiver<Uint8Array>
declare const digests: Sender<string>

test('a runtime on Ray is the runtime of every engine', () => {
  expectTypeOf(connect('ray://head:10001')).resolves.toEqualTypeOf<Runtime>()
  expectTypeOf(connect('ray://head:10001', { logToDriver: true })).resolves.toEqualTypeOf<Runtime>()
  // @ts-expect-error an option of clusters
  connect('embedded', { logToDriver: true })
  // @ts-expect-error an option of the embedded engine
  connect('ray://head:10001', { numCpus: 2 })
  expectTypeOf<ConnectOptions>().not.toHaveProperty('logToDriver')
})

test('the definition of an actor says all of its calls', () => {
  const hasher = klaw.actor(Hasher, { numCpus: 1, maxRestarts: 3, name: 'h' }).remote('salt', bytes)
  expectTypeOf(hasher).not.toBeAny()
  expectTypeOf(hasher.hash).not.toBeAny()
  expectTypeOf(hasher.hash.remote(bytes)).toEqualTypeOf<
    ObjectRef<{ readonly digest: string; readonly salt: string | number }>
  >()
  expectTypeOf(hasher.hashAll.remote(names, digests)).toEqualTypeOf<ObjectRef<number>>()
  expectTypeOf(hasher.keep.remote(date, pinger)).toEqualTypeOf<ObjectRef<ObjectRef<Date>[]>>()
  expectTypeOf(hasher.parts.remote()).toEqualTypeOf<AsyncIterableIterator<Uint8Array>>()
  // @ts-expect-error an end of the other direction
  hasher.hashAll.remote(digests, names)
  // @ts-expect-error a salt is a string or a number
  klaw.actor(Hasher).remote(true)
  // @ts-expect-error a runtimeEnv is an object
  klaw.actor(Hasher, { runtimeEnv: 'env' })
})

test('so does that of a task', () => {
  expectTypeOf(klaw.task(sum)).toEqualTypeOf<RemoteTask<typeof sum.run>>()
  expectTypeOf(klaw.task(sum, { numCpus: 0 }).remote(1, klaw.put(2))).toEqualTypeOf<ObjectRef<number>>()
  // @ts-expect-error values are numbers
  klaw.task(sum).remote(1, '2')
})

test('an actor that is found by name is typed by its class', () => {
  type Own = InstanceType<typeof Hasher.Class>
  expectTypeOf(klaw.getActor<Own>('h', 'klaw')).resolves.toEqualTypeOf<ActorHandle<Own>>()
})

test('log lines', () => {
  type Taken = Exclude<RayConnectOptions['logToDriver'], boolean | undefined>
  expectTypeOf<Taken>().toEqualTypeOf<(line: LogLine) => void>()
  expectTypeOf<LogLine>().toEqualTypeOf<{
    readonly stream: 'stdout' | 'stderr'
    readonly line: string
    readonly name: string | undefined
    readonly pid: number | undefined
    readonly ip: string | undefined
  }>()
})

test('what an engine says about itself', () => {
  expectTypeOf(klaw.info()).resolves.toEqualTypeOf<EngineInfo>()
  expectTypeOf(klaw.info({ nodeJs: true }))
    .resolves.toHaveProperty('nodeJs')
    .toEqualTypeOf<NodeJs | undefined>()
  // @ts-expect-error there is nothing else to ask for
  klaw.info({ python: true })
})
