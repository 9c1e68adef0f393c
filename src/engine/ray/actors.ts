import { KlawError } from '../../errors.ts'
import type { Connection } from '../../wire/connection.ts'
import { HandleKind } from '../../wire/token.ts'
import type { ActorEngine, ActorPort, ActorSpec, CallSpec, NamedActor, TaskSpec } from '../actor-engine.ts'
import type { ActorDescription, CodeAddress, Language } from '../definition.ts'
import type { ObjectPort } from '../object-engine.ts'
import { RayActorPort } from './actor-port.ts'
import type { RayCalls } from './calls/ray-calls.ts'
import type { RayClient } from './client.ts'
import type { CodeSource } from './code/code-source.ts'
import { Shipping } from './code/shipping.ts'
import { Invocations } from './invocations.ts'
import type { RayObjects } from './objects.ts'
import { actorOptions, callOptions, type RayOptions, typeScriptOptions } from './options.ts'
import { RayActor } from './ray-actor.ts'
import type { RayObject } from './ray-object.ts'
import { requestWith } from './requests.ts'
import { Share } from './share.ts'
import { RayStreams } from './streams.ts'
import { RayTasks } from './tasks.ts'

/** Makes the handle that users see. */
export type ActorHandleFactory = (port: ActorPort) => unknown

/** What the agent says about an actor that it has found. */
interface Found {
  readonly number: number
  readonly id: string
  readonly description: ActorDescription
}

/** The actors and tasks of the cluster, as this process uses them. */
export class RayActors implements ActorEngine {
  readonly languages: readonly Language[] = ['python', 'typescript']
  readonly objects: RayObjects
  readonly streams: RayStreams
  /** Of actors in TypeScript. */
  readonly calls: RayCalls
  readonly #client: RayClient
  readonly #connection: Connection
  readonly #invocations: Invocations
  readonly #tasks: RayTasks
  readonly #shipping: Shipping
  /** Those whose handles may come back inside values. */
  readonly #known = new Map<number, WeakRef<RayActor>>()

  constructor(
    client: RayClient,
    objects: RayObjects,
    calls: RayCalls,
    makeHandle: ActorHandleFactory,
    code: CodeSource,
  ) {
    this.#client = client
    this.calls = calls
    this.#connection = client.connection
    this.objects = objects
    this.#invocations = new Invocations(client, objects)
    this.streams = new RayStreams(client, objects)
    this.#shipping = new Shipping(client, code)
    this.#tasks = new RayTasks(client, objects, this.streams, this.#shipping)
    client.onArrival(HandleKind.actor, (number, [id, description], { held }, counted) => {
      const actor = this.arrive({ number, id: id as string, description: description as ActorDescription }, counted)
      held?.push(actor)
      return makeHandle(new RayActorPort(this, actor))
    })
    client.onBorrowing(HandleKind.actor, ([id, description], borrow) => {
      return makeHandle(new RayActorPort(this, this.borrow(id as string, description as ActorDescription, borrow)))
    })
  }

  get client(): RayClient {
    return this.#client
  }

  get codec(): object {
    return this.#client.codec
  }

  get lost(): Error | undefined {
    return this.#connection.lost
  }

  create(description: ActorDescription, spec: ActorSpec, args: readonly unknown[]): ActorPort {
    return description.language === 'python'
      ? this.#createPython(description, spec, args)
      : this.#createTypeScript(description, spec, args)
  }

  #createPython(description: ActorDescription, spec: ActorSpec, args: readonly unknown[]): ActorPort {
    const { module, name } = description
    const actor = this.make(description)
    const creation = requestWith(
      this.#connection,
      this.objects,
      'actor.create',
      args,
      (passed) => ({ number: actor.share.number, module, name, args: passed, options: actorOptions(spec) }),
      (error) => actor.refuse(error),
    )
    actor.follow(creation as Promise<{ id: string }>, ({ id }) => id)
    return new RayActorPort(this, actor)
  }

  #createTypeScript(description: ActorDescription, spec: ActorSpec, args: readonly unknown[]): ActorPort {
    const { name, methods, asynchronous } = description
    const actor = this.make(inTypeScript(description))
    const { options, maxConcurrency, maxTaskRetries, maxPendingCalls } = typeScriptOptions(spec)
    actor.limits = { maxTaskRetries, maxPendingCalls }
    const refuse = (error: unknown) => actor.refuse(error)
    const creation = this.#shipping.ship({
      operation: 'typescript.create',
      number: actor.share.number,
      address: description,
      about: { name, methods, asynchronous },
      args,
      details: { options, maxConcurrency, maxTaskRetries, maxPendingCalls },
      failed: refuse,
      refused: refuse,
    })
    actor.follow(creation as Promise<{ id: string }>, ({ id }) => id)
    return new RayActorPort(this, actor)
  }

  async find(name: string, namespace: string | undefined): Promise<ActorPort> {
    const found = (await this.#connection.request('actor.find', { name, namespace })) as Found
    return new RayActorPort(this, this.arrive(found, true))
  }

  async list(namespace: string | undefined, allNamespaces: boolean): Promise<NamedActor[]> {
    return (await this.#connection.request('actor.list', { namespace, allNamespaces })) as NamedActor[]
  }

  async kill(port: ActorPort, noRestart: boolean): Promise<void> {
    if (port.engine !== this) throw new TypeError(`actor ${port.id} belongs to another runtime`)
    const { actor } = port as RayActorPort
    if (actor.failure !== undefined) return
    await this.#connection.request('actor.kill', { number: actor.share.number, noRestart })
    this.calls.killed(actor)
  }

  submit(code: CodeAddress, spec: TaskSpec, args: readonly unknown[]): ObjectPort {
    return this.#tasks.submit(code, spec, args)
  }

  submitStream(code: CodeAddress, spec: TaskSpec, args: readonly unknown[]): AsyncIterableIterator<unknown> {
    return this.#tasks.submitStream(code, spec, args)
  }

  async cancel(object: ObjectPort, force: boolean): Promise<void> {
    if (this.lost !== undefined) throw this.lost
    if (object.engine !== this.objects) throw new TypeError(`object ${object.id} belongs to another runtime`)
    if (this.calls.cancel(object, force)) return
    const { share, isActorCall } = object as RayObject
    if (force && isActorCall) throw new TypeError("'force' is for tasks only: to end an actor, use kill()")
    const { number } = share
    await this.#connection.request('object.cancel', { number, force, recursive: true })
  }

  /** An actor that the client makes: the request that names its number is the caller's to send. */
  make(description: ActorDescription): RayActor {
    const number = this.#client.nextNumber()
    return this.#register(new Share(number, 1), description, this.#client.nameOf(number))
  }

  /** The actor of a number that has arrived. `counted`: the agent has counted this. */
  arrive({ number, id, description }: Found, counted: boolean): RayActor {
    const known = this.#known.get(number)?.deref()
    if (known !== undefined) {
      if (counted) known.share.counts++
      return known
    }
    const actor = this.#register(new Share(number, counted ? 1 : 0), { language: 'python', ...description }, id)
    return actor
  }

  /** An actor that a message refers to. */
  borrow(id: string, description: ActorDescription, ask: (number: number) => Promise<unknown>): RayActor {
    const actor = this.#register(new Share(this.#client.nextNumber(), 1), description, id)
    actor.follow(ask(actor.share.number) as Promise<{ id: string }>, (lent) => lent.id)
    return actor
  }

  call(actor: RayActor, method: string, args: readonly unknown[], spec: CallSpec | undefined): RayObject {
    const options: RayOptions = spec === undefined ? {} : callOptions(spec)
    if (Object.keys(options).length === 0) {
      const object = this.#invocations.invoke(actor.share.number, method, args)
      object.isActorCall = true
      return object
    }
    const object = this.objects.create()
    object.isActorCall = true
    const { number } = object.share
    this.objects.making(
      object,
      requestWith(this.#connection, this.objects, 'actor.call', args, (passed) => ({
        number,
        actor: actor.share.number,
        method,
        args: passed,
        options,
      })),
    )
    return object
  }

  /** Settles when the actor's constructor has run. */
  async ready(actor: RayActor): Promise<void> {
    // The actor must not end with its handle while somebody waits for it.
    actor.retain()
    this.#connection.hold()
    try {
      await actor.created
      if (actor.failure !== undefined) throw actor.failure.cause
      await this.#connection.request('actor.ready', actor.share.number)
    } finally {
      this.#connection.release()
      actor.release()
    }
  }

  checkExport(actor: RayActor): void {
    if (actor.failure === undefined) return
    const { cause } = actor.failure
    throw new KlawError(`actor ${actor.description.name} could not be created: ${String(cause)}`, { cause })
  }

  #register(share: Share, description: ActorDescription, id: string): RayActor {
    const { number } = share
    const actor: RayActor = new RayActor(share, description, id, () => {
      if (this.#known.get(number)?.deref() === actor) this.#known.delete(number)
      this.#client.releases.add(share)
    })
    this.#known.set(number, new WeakRef(actor))
    return actor
  }
}

/** By the descriptions of classes, what handles of their actors say; the same for all, since handles of one class share theirs. */
const described = new WeakMap<ActorDescription, ActorDescription>()

function inTypeScript(description: ActorDescription): ActorDescription {
  let marked = described.get(description)
  if (marked === undefined) {
    marked = { ...description, language: 'typescript' }
    described.set(description, marked)
  }
  return marked
}
