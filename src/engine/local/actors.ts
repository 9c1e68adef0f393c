import { KlawError } from '../../errors.ts'
import { HandleKind, type Token } from '../../wire/token.ts'
import type { ActorEngine, ActorPort, ActorSpec, NamedActor, TaskSpec } from '../actor-engine.ts'
import { ActorProxy } from '../calls/actor-proxy.ts'
import type { ActorAbout, ActorNews, ActorState } from '../calls/actor-state.ts'
import type { ProxyOwner } from '../calls/call-owner.ts'
import { DeadlockWatch, type Errand } from '../calls/deadlock-watch.ts'
import type { Peer } from '../calls/peer.ts'
import { PendingCall } from '../calls/pending-call.ts'
import { type ArgumentDesk, prepareCall } from '../calls/prepare-call.ts'
import type { ActorDescription, CodeAddress, Language } from '../definition.ts'
import type { ObjectPort } from '../object-engine.ts'
import { ActorCreation } from './actor-creation.ts'
import { LocalActorPort } from './actor-port.ts'
import type { Client } from './client.ts'
import type { LocalObjects } from './local-objects.ts'
import { OwnedObject } from './owned-object.ts'
import type { Peers } from './peers.ts'
import { Tasks } from './tasks.ts'

/** Milliseconds within which the hub has learnt that a thread has ended, and has said so, after its connections have. */
const longestSilence = 5_000

/** Makes the handle that users see. */
export type ActorHandleFactory = (port: ActorPort) => unknown

export interface LocalActorsOptions {
  readonly client: Client
  readonly objects: LocalObjects
  readonly peers: Peers
  readonly makeHandle: ActorHandleFactory
  /** Of actors that do not name one. */
  readonly namespace: string
}

/** The actors and tasks that one thread uses. Where they run is the hub's affair, and how is that of `worker/`. */
export class LocalActors implements ActorEngine, ProxyOwner {
  readonly languages: readonly Language[] = ['typescript']
  readonly client: Client
  readonly objects: LocalObjects
  readonly tasks: Tasks
  readonly #peers: Peers
  readonly #desk: ArgumentDesk
  readonly #namespace: string
  readonly #proxies = new Map<string, ActorProxy>()
  #nextActor = 1
  #calls = 0
  #made = 0
  #awaited = 0
  readonly #deadlocks = new DeadlockWatch()
  /** On whose behalf a call is made now, in a thread that runs calls itself. */
  errand: (() => Errand | undefined) | undefined
  /** Told when this thread begins, and when it stops, to wait for calls that it has made. */
  waiting: (waits: boolean) => void = () => {}

  constructor({ client, objects, peers, makeHandle, namespace }: LocalActorsOptions) {
    this.client = client
    this.objects = objects
    this.#peers = peers
    this.#desk = objects.desk()
    this.#namespace = namespace
    this.tasks = new Tasks(this)
    client.handleFactory(HandleKind.actor, (token, detail) => makeHandle(this.#claim(token, detail as ActorDetail)))
    client.operations.set('actor.state', (news: ActorNews) => this.#told(news))
    client.operations.set('call.cancel', ({ id, force }: { id: string; force: boolean }) => this.#cancelHere(id, force))
    client.connection.onLost((error) => {
      for (const proxy of [...this.#proxies.values()]) proxy.fail(error)
      this.tasks.close(error)
      this.#deadlocks.stop()
    })
  }

  get lost(): Error | undefined {
    return this.client.connection.lost
  }

  create(description: ActorDescription, spec: ActorSpec, args: readonly unknown[]): ActorPort {
    const id = `${this.client.session}.${this.#nextActor++}`
    const { maxTaskRetries, maxPendingCalls } = spec
    const proxy = new ActorProxy(this, id, { description, maxTaskRetries, maxPendingCalls })
    // The hub counts the creator as a holder from the start.
    const port = new LocalActorPort(this, proxy, 1)
    if (this.lost !== undefined) {
      proxy.update(deadBecause(this.lost))
      return port
    }
    this.#proxies.set(id, proxy)
    const resolved = { ...spec, namespace: spec.namespace ?? this.#namespace }
    new ActorCreation(this.client, this.objects, proxy).start(description, resolved, args)
    return port
  }

  async find(name: string, namespace: string | undefined): Promise<ActorPort> {
    const found = (await this.client.connection.request('actor.find', {
      name,
      namespace: namespace ?? this.#namespace,
    })) as ActorDetail & { readonly state: ActorState }
    const proxy = this.#proxyFor(found)
    const port = new LocalActorPort(this, proxy, 1)
    if (proxy.state.t === 'pending') proxy.update(found.state)
    return port
  }

  async list(namespace: string | undefined, allNamespaces: boolean): Promise<NamedActor[]> {
    const asked = allNamespaces ? undefined : (namespace ?? this.#namespace)
    return (await this.client.connection.request('actor.list', { namespace: asked })) as NamedActor[]
  }

  async kill(actor: ActorPort, noRestart: boolean): Promise<void> {
    if (actor.engine !== this) throw new TypeError(`actor ${actor.id} belongs to another runtime`)
    await this.client.connection.request('actor.kill', { id: actor.id, noRestart })
  }

  submit(code: CodeAddress, spec: TaskSpec, args: readonly unknown[]): ObjectPort {
    return this.tasks.submit(code, spec, args)
  }

  submitStream(code: CodeAddress): AsyncIterableIterator<unknown> {
    throw new KlawError(`task '${code.name}' answers with many values, which on the embedded engine only actors do`)
  }

  async cancel(object: ObjectPort, force: boolean): Promise<void> {
    if (this.lost !== undefined) throw this.lost
    if (object.engine !== this.objects) throw new TypeError(`object ${object.id} belongs to another runtime`)
    if (object instanceof OwnedObject) cancelCall(object, force)
    else await this.client.connection.request('call.cancel', { id: object.id, force })
  }

  /** Settles when the actor's constructor has run. */
  ready(proxy: ActorProxy): Promise<void> {
    const { state } = proxy.current
    if (this.lost !== undefined) return Promise.reject(this.lost)
    if (state.t === 'alive') return Promise.resolve()
    if (state.t === 'dead') return Promise.reject(state.error)
    const { connection } = this.client
    // The actor must not end with its handle while somebody waits for it.
    proxy.retain(0)
    connection.hold()
    return new Promise<void>((resolve, reject) => {
      const stop = proxy.whenReady({
        alive: () => settle(resolve, undefined),
        failed: (error) => settle(reject, error),
      })
      const settle = <Value>(end: (value: Value) => void, value: Value) => {
        stop()
        connection.release()
        proxy.release()
        end(value)
      }
    })
  }

  /** An object that failed before anything was sent. */
  failed(error: Error): OwnedObject {
    const object = this.objects.create()
    object.fail(error)
    return object
  }

  /** How many calls this thread has made so far. */
  get callsMade(): number {
    return this.#made
  }

  peer(session: number): Peer {
    return this.#peers.to(session)
  }

  outcome(call: PendingCall): OwnedObject {
    return this.objects.create(call)
  }

  releaseTokens(tokens: readonly Token[] | undefined): void {
    this.client.releaseTokens(tokens)
  }

  prepare(call: PendingCall, args: readonly unknown[], ready: () => void): void {
    prepareCall(this.#desk, call, args, ready)
  }

  /** The hub will say what became of the actor. If all that has ended is the connection, nobody else would say so. */
  doubted(proxy: ActorProxy): void {
    const { state } = proxy
    const timer = setTimeout(() => {
      if (proxy.state === state && this.lost === undefined) proxy.confirm()
    }, longestSilence)
    timer.unref()
  }

  callStarted(call: PendingCall): void {
    this.#made++
    if (this.#calls++ === 0) this.client.connection.hold()
    call.errand = this.errand?.()
  }

  callEnded(call: PendingCall): void {
    if (--this.#calls === 0) this.client.connection.release()
    if (!call.waitedFor) return
    if (call.errand !== undefined) this.#deadlocks.remove(call, call.errand)
    if (--this.#awaited === 0) this.waiting(false)
  }

  awaited(call: PendingCall): void {
    if (this.#awaited++ === 0) this.waiting(true)
    if (call.errand !== undefined) this.#deadlocks.add(call, call.errand)
  }

  unused(proxy: ActorProxy, leases: number): void {
    if (this.#proxies.get(proxy.id) === proxy) this.#proxies.delete(proxy.id)
    if (leases > 0) this.client.connection.notify('actor.release', { id: proxy.id, count: leases })
  }

  /** A handle has arrived inside a value. */
  #claim(token: Token, detail: ActorDetail): ActorPort {
    this.client.claim(token)
    this.client.connection.notify('actor.watch', detail.id)
    return new LocalActorPort(this, this.#proxyFor(detail), 1)
  }

  #proxyFor({ id, about }: ActorDetail): ActorProxy {
    const known = this.#proxies.get(id)
    if (known !== undefined) return known
    const proxy = new ActorProxy(this, id, about)
    this.#proxies.set(id, proxy)
    return proxy
  }

  #told({ id, state, alias, about }: ActorNews): void {
    const asked = alias === undefined ? undefined : this.#proxies.get(alias)
    if (alias !== undefined && about !== undefined && asked !== undefined && asked.joined === undefined) {
      this.#proxies.delete(alias)
      asked.join(this.#proxyFor({ id, about }))
    }
    this.#proxies.get(id)?.update(state)
  }

  #cancelHere(id: string, force: boolean): void {
    const object = this.objects.find(id)
    if (object instanceof OwnedObject) cancelCall(object, force)
  }
}

/** What a handle of an actor says about it to another thread. */
interface ActorDetail {
  readonly id: string
  readonly about: ActorAbout
}

function cancelCall(object: OwnedObject, force: boolean): void {
  const { producer } = object
  if (!(producer instanceof PendingCall) || producer.over) return
  if (force && producer.target instanceof ActorProxy) {
    throw new TypeError("'force' is for tasks only: to end an actor, use kill()")
  }
  producer.cancel(force)
}

function deadBecause(error: Error): ActorState {
  return { t: 'dead', error, killed: true }
}
