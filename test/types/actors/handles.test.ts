import { type ActorHandle, actor, connect, type ObjectRef, type RemoteMethod, type Runtime, task } from '@klaw/core'
import { expectTypeOf, test } from 'vitest'

class Tally {
  readonly label: string
  #count = 0

  constructor(label: string, start?: number) {
    this.label = label
    this.#count = start ?? 0
  }

  add(amount: number, note?: string): number {
    this.#count += amount + (note?.length ?? 0)
    return this.#count
  }

  async summary(): Promise<{ label: string; count: number }> {
    return { label: this.label, count: this.#count }
  }

  fail(): never {
    throw new Error(this.label)
  }

  anything(value: unknown): unknown {
    return value
  }

  *steps(to: number): Generator<number, string> {
    for (let step = 0; step < to; step++) yield step
    return 'end'
  }

  async *words(): AsyncGenerator<string> {
    yield this.label
  }

  private hidden(): number {
    return this.#count
  }

  protected guarded(): number {
    return this.hidden()
  }
}

const TallyActor = actor(import.meta, Tally)
const double = task(import.meta, function double(value: number): number {
  return value * 2
})

declare const klaw: Runtime
declare const numberRef: ObjectRef<number>
declare const textRef: ObjectRef<string>
declare const handle: ActorHandle<Tally>

test('a runtime makes handles of the class', async () => {
  expectTypeOf(connect).returns.resolves.toEqualTypeOf<Runtime>()
  const made = klaw.actor(TallyActor, { numCpus: 1 }).options({ name: 'tally' }).remote('x', 2)
  expectTypeOf(made).toEqualTypeOf<ActorHandle<Tally>>()
  klaw.actor(TallyActor).remote(textRef, numberRef)
  // @ts-expect-error the first argument is a string
  klaw.actor(TallyActor).remote(1)
  // @ts-expect-error an argument is missing
  klaw.actor(TallyActor).remote()
  // @ts-expect-error a ref of the wrong type
  klaw.actor(TallyActor).remote(numberRef)
  // @ts-expect-error there is no such option
  klaw.actor(TallyActor, { cpus: 1 })
  // @ts-expect-error a class that is no definition
  klaw.actor(Tally)
})

test('methods become calls that return refs', () => {
  expectTypeOf(handle.add).toEqualTypeOf<RemoteMethod<[amount: number, note?: string], number>>()
  expectTypeOf(handle.add.remote(1)).toEqualTypeOf<ObjectRef<number>>()
  expectTypeOf(handle.add.remote(numberRef, textRef)).toEqualTypeOf<ObjectRef<number>>()
  expectTypeOf(handle.add.options({ maxTaskRetries: 1 }).remote(1)).toEqualTypeOf<ObjectRef<number>>()
  expectTypeOf(handle.summary.remote()).toEqualTypeOf<ObjectRef<{ label: string; count: number }>>()
  expectTypeOf(handle.fail.remote()).toEqualTypeOf<ObjectRef<never>>()
  expectTypeOf(handle.anything.remote(1)).toEqualTypeOf<ObjectRef<unknown>>()
  // @ts-expect-error the amount is a number
  handle.add.remote('1')
  // @ts-expect-error a ref of the wrong type
  handle.add.remote(textRef)
  // @ts-expect-error a method is called through remote
  handle.add(1)
  // @ts-expect-error there is no such call option
  handle.add.options({ retries: 1 })
})

test('nothing of them is any', () => {
  expectTypeOf(handle.add).not.toBeAny()
  expectTypeOf(handle.add.remote(1)).not.toBeAny()
  expectTypeOf(handle.steps.remote(1)).not.toBeAny()
  expectTypeOf(handle).not.toBeAny()
})

test('generators become streams', () => {
  expectTypeOf(handle.steps.remote(3)).toEqualTypeOf<AsyncIterableIterator<number>>()
  expectTypeOf(handle.words.remote()).toEqualTypeOf<AsyncIterableIterator<string>>()
})

test('only public methods are there', () => {
  expectTypeOf(handle).not.toHaveProperty('label')
  expectTypeOf(handle).not.toHaveProperty('hidden')
  expectTypeOf(handle).not.toHaveProperty('guarded')
})

test('every handle can be waited for and disposed of', () => {
  expectTypeOf(handle.ready()).toEqualTypeOf<Promise<void>>()
  expectTypeOf(handle).toExtend<Disposable & AsyncDisposable>()
})

test('a method of that name comes first', () => {
  class Oven {
    ready(temperature: number): boolean {
      return temperature > 200
    }
  }
  expectTypeOf<ActorHandle<Oven>['ready']>().toEqualTypeOf<RemoteMethod<[temperature: number], boolean>>()
})

test('definitions keep their class and function', () => {
  expectTypeOf(TallyActor.Class).toEqualTypeOf<typeof Tally>()
  expectTypeOf(double.run).toEqualTypeOf<(value: number) => number>()
})

test('tasks', () => {
  expectTypeOf(klaw.task(double).remote(numberRef)).toEqualTypeOf<ObjectRef<number>>()
  expectTypeOf(klaw.task(double, { maxRetries: 1 }).options({ numCpus: 0 }).remote(1)).toEqualTypeOf<
    ObjectRef<number>
  >()
  // @ts-expect-error the value is a number
  klaw.task(double).remote('1')
  // @ts-expect-error an option of actors
  klaw.task(double, { maxRestarts: 1 })
})

test('named actors are typed by whoever asks', async () => {
  expectTypeOf(klaw.getActor<Tally>('x')).resolves.toEqualTypeOf<ActorHandle<Tally>>()
})
