import { KlawError } from '../../../errors.ts'
import { Connection } from '../../../wire/connection.ts'
import type { OperationContext } from '../../../wire/operations.ts'
import { Reply } from '../../../wire/reply.ts'
import type { Transport } from '../../../wire/transport.ts'
import type { CallHome } from '../../calls/call-home.ts'
import { type GeneratorPlace, generatorMethod } from '../../calls/generator-step.ts'
import type { CallReceiver } from '../../calls/serving/answering.ts'
import { CallServer } from '../../calls/serving/call-server.ts'
import { Instance, type InstanceHome } from '../../calls/serving/instance.ts'
import { Modules } from '../../calls/serving/modules.ts'
import { ThreadCalls } from '../../calls/serving/thread-calls.ts'
import { ValueCalls } from '../../calls/serving/value-calls.ts'
import type { ActorCode, CodeAddress, TaskCode } from '../../definition.ts'
import type { ThreadContext } from '../../thread-context.ts'
import type { RayClient } from '../client.ts'
import type { CodePlace } from '../code/code-source.ts'
import { type ArrivedArguments, unpack } from '../packing.ts'
import type { Waits } from '../waits.ts'
import type { RunningCode } from './running-code.ts'
import { HostTasks } from './tasks.ts'

/** Where the actor's instance is called. Its generators have higher slots. */
const actorSlot = 1
/** Calls at a time of an actor that does not say, if any of its methods is async. */
const manyCalls = 1_000

/** What a request says about code: docs/gateway.md. */
interface HostCode extends CodePlace, Pick<CodeAddress, 'name'> {}

interface HostRun extends ArrivedArguments {
  /** The bundle's file. */
  readonly path: string
  readonly code: HostCode
}

interface HostCreate extends HostRun {
  /** Ray's id of the actor. */
  readonly id: string
  /** Null: by the class. */
  readonly maxConcurrency: number | null
}

interface HostCall {
  readonly method: string
  readonly args: readonly unknown[]
}

export interface HostOptions {
  /** The session with the parent. */
  readonly client: RayClient
  /** How values travel between this process and its callers. */
  readonly transit: CallHome
  readonly thread: ThreadContext
  readonly code: RunningCode
  /** What code in this process waits for. */
  readonly waits: Waits
  /** Which process this is, among all of the cluster. */
  readonly instance: string
}

/** What runs in a Node child: an actor's instance and its generators, or tasks. The parent asks by requests, callers by frames on connections of their own. */
export class RayHost implements InstanceHome {
  readonly thread: ThreadCalls
  readonly #client: RayClient
  readonly #transit: CallHome
  readonly #code: RunningCode
  readonly #instance: string
  readonly #modules: Modules
  readonly #tasks: HostTasks
  readonly #parent: ValueCalls
  readonly #callers = new Set<Connection>()
  readonly #receivers = new Map<number, CallReceiver>()
  #actor: { readonly instance: Instance; readonly code: ActorCode } | undefined
  #creating = false
  #nextSlot = actorSlot + 1
  #nextCaller = 1

  constructor({ client, transit, thread, code, waits, instance }: HostOptions) {
    this.thread = new ThreadCalls(thread)
    this.#client = client
    this.#transit = transit
    this.#code = code
    this.#instance = instance
    this.#modules = new Modules(thread, [])
    this.#parent = new ValueCalls(`${instance}.0`)
    const { connection, operations } = client
    this.#tasks = new HostTasks(this.thread, this.#parent, waits, (blocked) =>
      connection.notify('host.blocked', blocked),
    )
    connection.onLost(() => this.#parent.end())
    operations.set('host.create', (create: HostCreate) => this.#create(create))
    operations.set('host.call', (call: HostCall, { signal }: OperationContext) => this.#call(call, signal))
    operations.set('host.open', (call: HostCall, { signal }: OperationContext) => this.#open(call, signal))
    operations.set('host.next', (slot: number, { signal }: OperationContext) => this.#next(slot, signal))
    operations.set('host.close', (slot: number) => this.#close(slot))
    operations.set('host.run', (run: HostRun, { signal }: OperationContext) => this.#run(run, signal))
  }

  /** Serves a caller. What it has called is told to stop when it is gone for good. */
  serve(transport: Transport): void {
    const connection = new Connection(transport, this.#transit.codec, new Map())
    const key = `${this.#instance}.${this.#nextCaller++}`
    new CallServer(this.#transit, connection, { key }, (slot) => this.#receivers.get(slot))
    this.#callers.add(connection)
    connection.onLost(() => this.#callers.delete(connection))
  }

  /** Posts everything that has been answered so far. */
  flush(): void {
    for (const connection of this.#callers) connection.flush()
  }

  add(receiver: CallReceiver): number {
    const slot = this.#nextSlot++
    this.#receivers.set(slot, receiver)
    return slot
  }

  remove(slot: number): void {
    this.#receivers.delete(slot)
  }

  async #create({ id, path, code, maxConcurrency, ...packed }: HostCreate): Promise<void> {
    if (this.#creating) throw new KlawError('this process has been asked for an actor before')
    this.#creating = true
    const definition = await this.#find('actor', path, code)
    const { target, description } = definition as ActorCode
    const args = unpack(this.#client.codec, packed)
    const Class = target as new (...args: unknown[]) => object
    const limit = maxConcurrency ?? (description.asynchronous ? manyCalls : 1)
    const instance = new Instance(this, id, description, new Class(...args), limit)
    this.#actor = { instance, code: definition as ActorCode }
    this.#receivers.set(actorSlot, instance)
  }

  async #call({ method, args }: HostCall, signal: AbortSignal): Promise<Reply> {
    const instance = this.#instanceFor(method, 'value')
    return result(await this.#parent.call(instance, method, args, signal))
  }

  async #open({ method, args }: HostCall, signal: AbortSignal): Promise<number> {
    const instance = this.#instanceFor(method, 'stream')
    const { slot } = (await this.#parent.call(instance, method, args, signal)) as GeneratorPlace
    // Nobody would ever close it.
    if (signal.aborted) await this.#close(slot)
    return slot
  }

  async #next(slot: number, signal: AbortSignal): Promise<Reply> {
    const generator = this.#receivers.get(slot)
    // It has ended by itself, or was closed.
    if (generator === undefined) return result({ done: true, value: undefined })
    return result(await this.#parent.call(generator, generatorMethod.next, [], signal))
  }

  async #close(slot: number): Promise<void> {
    const generator = this.#receivers.get(slot)
    if (generator !== undefined) await this.#parent.call(generator, generatorMethod.return, [])
  }

  async #run({ path, code, ...packed }: HostRun, signal: AbortSignal): Promise<Reply> {
    const definition = (await this.#find('task', path, code)) as TaskCode
    return result(await this.#tasks.run(definition, unpack(this.#client.codec, packed), signal))
  }

  #find(kind: 'actor' | 'task', path: string, code: HostCode): Promise<ActorCode | TaskCode> {
    const module = this.#code.note(path, code)
    return this.#modules.find(kind, { module, name: code.name }, { label: code.source, inside: code.inside })
  }

  /** The instance, if the method is one that may be called so; methods that do not exist are its own to refuse. */
  #instanceFor(method: string, kind: 'value' | 'stream'): Instance {
    if (this.#actor === undefined) throw new KlawError('this process has no actor')
    const { instance, code } = this.#actor
    const { name, methods } = code.description
    const known = Object.hasOwn(methods, method) ? methods[method] : undefined
    if (known === (kind === 'value' ? 'stream' : 'value')) {
      throw new KlawError(`${name}.${method} ${known === 'value' ? 'is no' : 'is a'} generator`)
    }
    return instance
  }
}

function result(value: unknown): Reply {
  return new Reply(value, [], 'result')
}
