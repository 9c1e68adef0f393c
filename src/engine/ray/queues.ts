import type { Connection } from '../../wire/connection.ts'
import { HandleKind } from '../../wire/token.ts'
import type { ActorSpec } from '../actor-engine.ts'
import type { ActorDescription } from '../definition.ts'
import type { QueueEngine, QueuePort } from '../queue-engine.ts'
import type { RayActors } from './actors.ts'
import type { RayClient } from './client.ts'
import { actorOptions } from './options.ts'
import { RayQueuePort } from './queue-port.ts'

/** Makes the handle that users see. */
export type QueueHandleFactory = (queue: QueuePort) => unknown

/** What is known of the actor behind Ray's queues; nobody calls it directly. */
const description: ActorDescription = {
  language: 'python',
  module: 'ray.util.queue',
  name: '_QueueActor',
  methods: {},
  asynchronous: true,
}

/** Queues of Ray's own, `ray.util.queue.Queue`, which Python and TypeScript share. */
export class RayQueues implements QueueEngine {
  readonly #connection: Connection
  readonly #actors: RayActors

  constructor(client: RayClient, actors: RayActors, makeHandle: QueueHandleFactory) {
    this.#connection = client.connection
    this.#actors = actors
    client.onArrival(HandleKind.queue, (number, [id], { held }, counted) => {
      const actor = actors.arrive({ number, id: id as string, description }, counted)
      held?.push(actor)
      return makeHandle(new RayQueuePort(this.#connection, actors, actor))
    })
    client.onBorrowing(HandleKind.queue, ([id], borrow) => {
      const actor = actors.borrow(id as string, description, borrow)
      return makeHandle(new RayQueuePort(this.#connection, actors, actor))
    })
  }

  create(maxsize: number, spec: ActorSpec): QueuePort {
    const actor = this.#actors.make(description)
    const creation = this.#connection.request(
      'queue.create',
      {
        number: actor.share.number,
        maxsize: maxsize === Number.POSITIVE_INFINITY ? 0 : maxsize,
        options: actorOptions(spec),
      },
      { keepAlive: false },
    )
    actor.follow(creation as Promise<{ id: string }>, ({ id }) => id)
    return new RayQueuePort(this.#connection, this.#actors, actor)
  }
}
