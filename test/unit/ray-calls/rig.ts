import { actorHandle } from '../../../src/api/actor-handle.ts'
import { handleMakers } from '../../../src/api/handle-makers.ts'
import type { ActorHandle } from '../../../src/api/remote-types.ts'
import { systemClock } from '../../../src/api/system-clock.ts'
import { SerializerRegistry } from '../../../src/codec/serializer-registry.ts'
import { actorPortOf } from '../../../src/engine/actor-engine.ts'
import type { ActorDescription } from '../../../src/engine/definition.ts'
import { RayEngine } from '../../../src/engine/ray/engine.ts'
import type { OperationContext } from '../../../src/wire/operations.ts'
import { FakeAgent, FakeTransport } from '../ray-engine/fake-agent.ts'
import { FakeChild, type FakeHome } from './fake-child.ts'
import { FakeHub } from './fake-hub.ts'

/** Options of an actor that `typescript.locate` tells. */
interface Limits {
  readonly maxTaskRetries: number
  readonly maxPendingCalls: number
}

type Whereabouts = FakeChild | Error | Promise<FakeChild | Error>

/** A client, its agent, a hub, and the processes of actors, all in this process; connections to actors and the hub are real ones over TCP. */
export class CallsRig implements AsyncDisposable {
  readonly agent: FakeAgent
  readonly engine: RayEngine
  readonly hub: FakeHub
  /** Says where the actor is when the client asks. */
  where: () => Whereabouts = () => new Error('there is no actor')
  limits: Limits = { maxTaskRetries: 0, maxPendingCalls: -1 }
  /** How often the client has asked. */
  located = 0
  readonly #children: FakeChild[] = []
  #nextNumber = 2 ** 31

  static async start(gracePeriod = 1_000): Promise<CallsRig> {
    const transport = new FakeTransport()
    const agent = new FakeAgent(transport)
    const hub = await FakeHub.start()
    const engine = await RayEngine.start(transport, {
      makers: handleMakers,
      serializers: new SerializerRegistry(),
      imports: [],
      lane: { lane: 'direct', notDirect: undefined },
      clock: systemClock,
      hubLanes: { choice: 'direct', reachedAt: async ({ host, port }) => ({ host, port }), gracePeriod },
      largeMessage: 100_000,
      code: () => ({
        placeOf() {
          throw new Error('there is no code here')
        },
      }),
      end: async () => {},
    })
    return new CallsRig(agent, engine, hub)
  }

  private constructor(agent: FakeAgent, engine: RayEngine, hub: FakeHub) {
    this.agent = agent
    this.engine = engine
    this.hub = hub
    agent.operations.set('hub.find', () => hub.address)
    agent.operations.set('hub.adopt', () => undefined)
    agent.operations.set('actor.kill', () => undefined)
    agent.operations.set('typescript.locate', async (_: number, { signal }: OperationContext) => {
      this.located++
      const found = await Promise.race([this.where(), aborted(signal)])
      if (found instanceof Error) throw found
      return { ...found.place, ...this.limits }
    })
  }

  /** A process of an actor. */
  async child<Target extends object>(target: Target, home?: FakeHome, limit?: number): Promise<FakeChild> {
    const child = await FakeChild.start(describe(target), target, home, limit)
    this.#children.push(child)
    return child
  }

  /** A handle of an actor that the agent has found. */
  async handle<Target extends object>(
    target: Target,
    id = 'aa',
    number = this.#nextNumber++,
  ): Promise<ActorHandle<Target>> {
    this.agent.operations.set('actor.find', () => ({
      number,
      id,
      description: { ...describe(target), language: 'typescript' },
    }))
    return actorHandle<Target>(await this.engine.actors.find('it', undefined))
  }

  kill(handle: object): Promise<void> {
    return this.engine.actors.kill(actorPortOf(handle)!, false)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.engine.shutdown()
    for (const child of this.#children) child.kill()
    await this.hub[Symbol.asyncDispose]()
  }
}

/** As `actor()` would describe the class of the target. */
export function describe(target: object): ActorDescription {
  const Class = target.constructor
  const names = Object.getOwnPropertyNames(Class.prototype).filter((name) => name !== 'constructor')
  const isGenerator = (name: string) => /Generator/.test((Class.prototype[name] as object).constructor.name)
  return {
    module: 'file:///nowhere.ts',
    name: Class.name,
    methods: Object.fromEntries(names.map((name) => [name, isGenerator(name) ? 'stream' : 'value'])),
    asynchronous: false,
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
}
