import type { ActorEngine, ActorPort, ActorSpec } from '../../engine/actor-engine.ts'
import type { ActorDescription } from '../../engine/definition.ts'
import { RayActorError, WorkerCrashedError } from '../../errors.ts'
import { ObjectRef } from '../object-ref.ts'
import { type Blame, type Executor, type ExecutorFactory, NotBegun } from './executor.ts'

/** Which actors the workers are, and how they are given items. */
export interface ActorWork {
  readonly engine: ActorEngine
  /** Why the engine can no longer be used; undefined while it can. */
  lost(): Error | undefined
  readonly description: ActorDescription
  readonly spec: ActorSpec
  /** Of the constructor. */
  readonly args: readonly unknown[]
  readonly method: string
  readonly concurrency: number
}

/** Workers that are actors. */
export class ActorFactory<Item, Output> implements ExecutorFactory<Item, Output> {
  readonly concurrency: number
  readonly #work: ActorWork

  constructor(work: ActorWork) {
    this.concurrency = work.concurrency
    this.#work = work
  }

  create(): Executor<Item, Output> {
    const { engine, description, spec, args, method } = this.#work
    return new ActorExecutor(engine.create(description, spec, args), method)
  }

  blame(error: unknown): Blame {
    if (this.#work.lost() !== undefined) return 'everything'
    return error instanceof RayActorError || error instanceof WorkerCrashedError ? 'worker' : 'item'
  }
}

class ActorExecutor<Item, Output> implements Executor<Item, Output> {
  readonly ready: Promise<void>
  readonly #port: ActorPort
  readonly #method: string

  constructor(port: ActorPort, method: string) {
    this.#port = port
    this.#method = method
    this.ready = port.ready()
  }

  async run(item: Item): Promise<Output> {
    const object = this.#port.call(this.#method, [item], undefined)
    using ref = new ObjectRef<Output>(object)
    // A call that fails at once for want of an actor has never left.
    const refused = object.fetched && object.failed
    try {
      return await ref
    } catch (error) {
      if ((refused || object.neverBegun === true) && error instanceof RayActorError)
        throw new NotBegun(error.message, { cause: error })
      throw error
    }
  }

  release(): void {
    this.#port.release()
  }

  async kill(): Promise<void> {
    await this.#port.engine.kill(this.#port, true)
    this.#port.release()
  }
}
