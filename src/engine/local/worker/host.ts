import { taskSlot } from '../../../wire/call-frames.ts'
import type { Connection } from '../../../wire/connection.ts'
import type { EncodedValue } from '../../../wire/token.ts'
import type { CallReceiver } from '../../calls/serving/answering.ts'
import { CallServer } from '../../calls/serving/call-server.ts'
import { Instance, type InstanceHome } from '../../calls/serving/instance.ts'
import { Modules } from '../../calls/serving/modules.ts'
import { ThreadCalls } from '../../calls/serving/thread-calls.ts'
import type { ActorDescription, Definition } from '../../definition.ts'
import type { ThreadContext } from '../../thread-context.ts'
import type { LocalActors } from '../actors.ts'
import type { Client } from '../client.ts'
import { flushOutput } from '../flush-output.ts'
import type { Peers } from '../peers.ts'
import { TaskRunner } from './task-runner.ts'

/** Request `host.create`, answered with the instance's slot once the constructor has run. */
export interface HostCreate {
  readonly id: string
  readonly description: ActorDescription
  readonly maxConcurrency: number
  readonly args: readonly EncodedValue[]
}

/** What a host needs of the engine of its thread. */
export interface HostEngine {
  readonly client: Client
  readonly peers: Peers
  readonly actors: LocalActors
}

/** What runs in a worker thread: instances of actors, their generators, and tasks. */
export class Host implements InstanceHome {
  readonly thread: ThreadCalls
  readonly #client: Client
  readonly #modules: Modules
  readonly #tasks: TaskRunner
  readonly #receivers = new Map<number, CallReceiver>()
  readonly #actors = new Map<string, HostedActor>()
  #nextSlot = taskSlot + 1

  constructor({ client, peers, actors }: HostEngine, thread: ThreadContext, builtIns: readonly Definition[]) {
    this.thread = new ThreadCalls(thread)
    this.#client = client
    this.#modules = new Modules(thread, builtIns)
    this.#tasks = new TaskRunner(this.thread, this.#modules, (blocked) =>
      client.connection.notify('task.blocked', blocked),
    )
    actors.errand = () => this.thread.errand()
    actors.waiting = (waits) => this.#tasks.waiting(waits)
    const find = (slot: number) => (slot === taskSlot ? this.#tasks : this.#receivers.get(slot))
    peers.serve((connection: Connection, session) => {
      new CallServer(client, connection, { key: `${client.session}.${session}`, session }, find)
    })
    client.operations.set('host.create', (create: HostCreate) => this.#create(create))
    client.operations.set('host.flush', flushOutput)
    client.operations.set('host.drop', ({ id }: { id: string }) => this.#drop(id))
  }

  add(receiver: CallReceiver): number {
    const slot = this.#nextSlot++
    this.#receivers.set(slot, receiver)
    return slot
  }

  remove(slot: number): void {
    this.#receivers.delete(slot)
  }

  async #create({ id, description, maxConcurrency, args }: HostCreate): Promise<number> {
    const actor: HostedActor = { instance: undefined, slot: 0 }
    this.#actors.set(id, actor)
    try {
      // The definition's own description is the same for all its instances.
      const { target, description: own } = await this.#modules.find('actor', description)
      const Class = target as new (...args: unknown[]) => object
      const values = args.map(({ bytes, attachments }) =>
        this.#client.codec.decode(bytes, 0, bytes.byteLength, { attachments }),
      )
      const instance = new Instance(this, id, own, new Class(...values), maxConcurrency)
      actor.instance = instance
      actor.slot = this.add(instance)
      // It may have been killed while its module was loading.
      if (this.#actors.get(id) !== actor) this.#end(actor)
      return actor.slot
    } catch (error) {
      if (this.#actors.get(id) === actor) this.#actors.delete(id)
      throw error
    }
  }

  #drop(id: string): void {
    const actor = this.#actors.get(id)
    this.#actors.delete(id)
    if (actor !== undefined) this.#end(actor)
  }

  #end({ instance, slot }: HostedActor): void {
    this.remove(slot)
    instance?.drop()
  }
}

interface HostedActor {
  instance: Instance | undefined
  slot: number
}
