import type { Clock } from '../../../core/clock.ts'
import { HandleKind } from '../../../wire/token.ts'
import { type ActorEngine, type ActorPort, type ActorSpec, actorPortOf } from '../../actor-engine.ts'
import type { Definition } from '../../definition.ts'
import type { QueueEngine, QueuePort } from '../../queue-engine.ts'
import type { Client } from '../client.ts'
import { SessionWatch } from '../session-watch.ts'
import { QueueActor } from './queue-actor.ts'
import { queueDescription } from './queue-calls.ts'
import { LocalQueuePort, type QueueActorHandle } from './queue-port.ts'

/** Makes the handle that users see. */
export type QueueHandleFactory = (queue: QueuePort) => unknown

/** The queues that one thread uses. */
export class LocalQueues implements QueueEngine {
  readonly #client: Client
  readonly #actors: ActorEngine
  #nextHandle = 1

  constructor(client: Client, actors: ActorEngine, makeHandle: QueueHandleFactory) {
    this.#client = client
    this.#actors = actors
    client.handleFactory(HandleKind.queue, (_token, actor) => {
      const port = actorPortOf(actor) as ActorPort
      // The actor's handle lets go of the actor when it is collected, so it has to live as long as the queue's.
      return makeHandle(this.#port({ port, release: () => (actor as Disposable)[Symbol.dispose]() }))
    })
  }

  create(maxsize: number, spec: ActorSpec): QueuePort {
    // What waits in a queue is not a running call, but nothing should ever depend on that.
    const unlimited = { ...spec, maxConcurrency: Number.MAX_SAFE_INTEGER }
    const size = maxsize === Number.POSITIVE_INFINITY ? 0 : maxsize
    const port = this.#actors.create(queueDescription, unlimited, [size])
    return this.#port({ port, release: () => port.release() })
  }

  #port(actor: QueueActorHandle): QueuePort {
    return new LocalQueuePort(actor, this.#client.session, this.#nextHandle++)
  }
}

/** The class behind {@link queueDescription}, for the threads that host actors. */
export function queueDefinition(client: Client, clock: Clock): Definition {
  const watch = new SessionWatch(client)
  class BoundQueueActor extends QueueActor {
    constructor(maxsize: number) {
      super(watch, clock, maxsize)
    }
  }
  return { kind: 'actor', description: queueDescription, target: BoundQueueActor }
}
