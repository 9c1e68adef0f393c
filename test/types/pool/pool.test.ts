import {
  type ActorHandle,
  actor,
  type Delivery,
  type ObjectRef,
  type Pool,
  type PoolContext,
  type PoolItem,
  type PoolMethodNames,
  type PoolProgress,
  type PoolStats,
  pool,
  pyActorClass,
  type Receiver,
  type Runtime,
} from '@klaw/core'
import { expectTypeOf, test } from 'vitest'

class Mill {
  readonly unit: string

  constructor(unit: string, speed?: number) {
    this.unit = `${unit}${speed}`
  }

  process(amount: number): Promise<{ flour: number }> {
    return Promise.resolve({ flour: amount })
  }

  grind(amount: number, note?: string): string {
    return `${amount} ${note}`
  }

  mix(amount: number, other: number): number {
    return amount + other
  }

  label(name: string): string {
    return name
  }

  anything(value: unknown): unknown {
    return value
  }

  clean(): boolean {
    return true
  }

  *grains(amount: number): Generator<number> {
    yield amount
  }

  private hidden(amount: number): number {
    return amount
  }

  use(): number {
    return this.hidden(1)
  }
}

class Plain {
  run(amount: number): number {
    return amount
  }
}

const MillActor = actor(import.meta, Mill)
const PlainActor = actor(import.meta, Plain)

declare const klaw: Runtime
declare const numbers: Receiver<number>
declare const deliveries: Receiver<Delivery<number>>
declare const refs: Receiver<ObjectRef<number>>
declare const mixed: Receiver<number | string>
declare const plain: Receiver<string>

test('a handler gets the items', () => {
  const made = pool(
    numbers,
    (value, context) => {
      expectTypeOf(value).toEqualTypeOf<number>()
      expectTypeOf(context).toEqualTypeOf<PoolContext>()
      return `${value}`
    },
    {
      size: 2,
      onResult(result, item) {
        expectTypeOf(result).toEqualTypeOf<string>()
        expectTypeOf(item).toEqualTypeOf<number>()
      },
      onError(error, item) {
        expectTypeOf(error).toEqualTypeOf<unknown>()
        expectTypeOf(item).toEqualTypeOf<number>()
      },
    },
  )
  expectTypeOf(made).toEqualTypeOf<Pool<number>>()
  expectTypeOf(made.unfinished).toEqualTypeOf<readonly number[]>()
  expectTypeOf(made.done).toEqualTypeOf<Promise<PoolStats>>()
  expectTypeOf(made.progress()).toEqualTypeOf<AsyncIterableIterator<PoolProgress, undefined>>()
  expectTypeOf(
    pool(numbers, async (value) => value > 1, { size: 1, onResult: (result) => result satisfies boolean }),
  ).toEqualTypeOf<Pool<number>>()
  expectTypeOf(klaw.pool(numbers, (value) => expectTypeOf(value).toEqualTypeOf<number>(), { size: 1 })).toEqualTypeOf<
    Pool<number>
  >()
  // @ts-expect-error the items are numbers
  pool(numbers, (value: string) => value, { size: 1 })
  // @ts-expect-error how many?
  pool(numbers, () => {}, {})
  // @ts-expect-error there is no such option
  pool(numbers, () => {}, { size: 1, workers: 2 })
  // @ts-expect-error functions are called once at a time
  pool(numbers, () => {}, { size: 1, concurrency: 2 })
})

test('of a delivery it gets the value', () => {
  expectTypeOf(pool(deliveries, (value) => expectTypeOf(value).toEqualTypeOf<number>(), { size: 1 })).toEqualTypeOf<
    Pool<number>
  >()
  expectTypeOf<PoolItem<Delivery<string>>>().toEqualTypeOf<string>()
  expectTypeOf<PoolItem<unknown>>().toEqualTypeOf<unknown>()
  expectTypeOf<PoolItem<ObjectRef<number>>>().toEqualTypeOf<ObjectRef<number>>()
})

test('an actor needs a method that takes the item', () => {
  expectTypeOf<PoolMethodNames<Mill, number>>().toEqualTypeOf<'process' | 'grind' | 'anything'>()
  expectTypeOf<PoolMethodNames<Mill, string>>().toEqualTypeOf<'label' | 'anything'>()
  expectTypeOf<PoolMethodNames<Mill, number | string>>().toEqualTypeOf<'anything'>()

  const made = klaw.pool(numbers, MillActor, {
    size: 1,
    args: ['kg'],
    onResult(result, item) {
      expectTypeOf(result).toEqualTypeOf<{ flour: number }>()
      expectTypeOf(item).toEqualTypeOf<number>()
    },
  })
  expectTypeOf(made).toEqualTypeOf<Pool<number>>()
  expectTypeOf(made).not.toBeAny()
  klaw.pool(numbers, MillActor, {
    scale: { min: 1, max: 2 },
    args: ['kg', 3],
    method: 'grind',
    actorOptions: { numCpus: 1, maxTaskRetries: 1 },
    onResult: (result) => expectTypeOf(result).toEqualTypeOf<string>(),
  })
  klaw.pool(deliveries, MillActor, { size: 1, args: ['kg'] })
  klaw.pool(refs, MillActor, {
    size: 1,
    args: ['kg'],
    onError: (_, item) => expectTypeOf(item).toEqualTypeOf<ObjectRef<number>>(),
  })
  klaw.pool(plain, MillActor, { size: 1, args: ['kg'], method: 'label' })
  klaw.pool(numbers, PlainActor, { size: 1, method: 'run' })

  // @ts-expect-error the constructor needs an argument
  klaw.pool(numbers, MillActor, { size: 1 })
  // @ts-expect-error of the wrong type
  klaw.pool(numbers, MillActor, { size: 1, args: [1] })
  // @ts-expect-error it does not take strings
  klaw.pool(plain, MillActor, { size: 1, args: ['kg'] })
  // @ts-expect-error nor one of two types
  klaw.pool(mixed, MillActor, { size: 1, args: ['kg'] })
  // @ts-expect-error a generator
  klaw.pool(numbers, MillActor, { size: 1, args: ['kg'], method: 'grains' })
  // @ts-expect-error it needs two arguments
  klaw.pool(numbers, MillActor, { size: 1, args: ['kg'], method: 'mix' })
  // @ts-expect-error not public
  klaw.pool(numbers, MillActor, { size: 1, args: ['kg'], method: 'hidden' })
  // @ts-expect-error there is no process, so the method has to be named
  klaw.pool(numbers, PlainActor, { size: 1 })
  // @ts-expect-error many actors can not have one name
  klaw.pool(numbers, PlainActor, { size: 1, method: 'run', actorOptions: { name: 'one' } })
  // @ts-expect-error a class that is no definition
  klaw.pool(numbers, Plain, { size: 1 })
})

test('a class in Python', () => {
  interface Model {
    process(text: string): number[]
  }
  const Embedder = pyActorClass<Model, [name: string]>('models', 'Embedder')
  klaw.pool(plain, Embedder, {
    size: 2,
    args: ['small'],
    onResult: (result) => expectTypeOf(result).toEqualTypeOf<number[]>(),
  })
  // @ts-expect-error it takes texts
  klaw.pool(numbers, Embedder, { size: 2, args: ['small'] })
})

test('a pool of more is no pool of less', () => {
  expectTypeOf<Pool<number>>().toExtend<Pool<number | string>>()
  expectTypeOf<Pool<number | string>>().not.toExtend<Pool<number>>()
  expectTypeOf<ActorHandle<Mill>>().not.toBeAny()
})
