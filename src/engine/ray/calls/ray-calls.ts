import type { EncodedValue, Token } from '../../../wire/token.ts'
import { ActorProxy } from '../../calls/actor-proxy.ts'
import type { CallHome } from '../../calls/call-home.ts'
import type { ProxyOwner } from '../../calls/call-owner.ts'
import { DeadlockWatch, type Errand } from '../../calls/deadlock-watch.ts'
import type { Peer } from '../../calls/peer.ts'
import type { PendingCall } from '../../calls/pending-call.ts'
import { type ArgumentDesk, prepareCall } from '../../calls/prepare-call.ts'
import type { ObjectPort } from '../../object-engine.ts'
import { encodeTransit } from '../../remote/transit.ts'
import type { RayClient } from '../client.ts'
import { type ClusterLanes, reach } from '../lane/reach.ts'
import type { RayObjects } from '../objects.ts'
import type { RayActor } from '../ray-actor.ts'
import { ActorSite, type SiteHome } from './actor-site.ts'
import { CallResult } from './call-result.ts'
import { type ActorPlace, Links, type OpenLink } from './links.ts'

export interface RayCallsOptions {
  readonly client: RayClient
  readonly objects: RayObjects
  /** How values go directly between processes. */
  readonly home: CallHome
  readonly open: OpenLink
}

/** How callers reach the processes of actors in this cluster. */
export function linksThrough(client: RayClient, lanes: ClusterLanes): OpenLink {
  return (place, unreachable) => reach(client, lanes, place, 'actor', unreachable)
}

/** Calls of actors in TypeScript, which go to the actor's own process and not through Ray. */
export class RayCalls implements ProxyOwner, SiteHome {
  readonly links: Links
  readonly #client: RayClient
  readonly #objects: RayObjects
  readonly #home: CallHome
  readonly #desk: ArgumentDesk
  readonly #sites = new Map<ActorProxy, ActorSite>()
  /** By Ray's ids, and by the names that actors have before these are known. */
  readonly #byName = new Map<string, ActorSite>()
  readonly #deadlocks = new DeadlockWatch()
  /** On whose behalf a call is made now, in a process that runs calls itself. */
  errand: (() => Errand | undefined) | undefined
  #calls = 0

  constructor({ client, objects, home, open }: RayCallsOptions) {
    this.#client = client
    this.#objects = objects
    this.#home = home
    this.links = new Links(home, open)
    this.#desk = {
      encode: (value, name) => this.#encode(value, name),
      read: (object) => (object instanceof CallResult ? object.arrived() : undefined),
      owns: (object) => object.engine === objects,
      claimsWait: home.claimsWait,
      barrier: () => home.barrier(),
    }
    client.connection.onLost((error) => {
      this.links.close(error)
      for (const proxy of [...this.#sites.keys()]) proxy.fail(error)
      this.#deadlocks.stop()
    })
  }

  get lost(): Error | undefined {
    return this.#client.connection.lost
  }

  /** The actor as its callers in this process see it. Whoever gets it retains it. */
  proxyOf(actor: RayActor): ActorProxy {
    const known = this.#known(actor)
    if (known !== undefined && this.#sites.has(known)) return known
    const { description, limits } = actor
    const { maxTaskRetries = 0, maxPendingCalls = -1 } = limits ?? {}
    const proxy = new ActorProxy(this, actor.id, { description, maxTaskRetries, maxPendingCalls })
    const site = new ActorSite(this, actor, proxy)
    actor.proxy = proxy
    this.#sites.set(proxy, site)
    this.#name(site)
    if (!actor.isIdentified) actor.created.then(() => this.#identified(site))
    return proxy
  }

  /** Settles when the actor's constructor has run, and its process can be called. */
  ready(proxy: ActorProxy): Promise<void> {
    const { current } = proxy
    const { state } = current
    if (this.lost !== undefined) return Promise.reject(this.lost)
    if (state.t === 'alive') return Promise.resolve()
    if (state.t === 'dead') return Promise.reject(state.error)
    const { connection } = this.#client
    // The actor must not end with its handle while somebody waits for it.
    current.retain(0)
    connection.hold()
    this.doubted(current)
    return new Promise<void>((resolve, reject) => {
      const stop = current.whenReady({
        alive: () => settle(resolve, undefined),
        failed: (error) => settle(reject, error),
      })
      const settle = <Value>(end: (value: Value) => void, value: Value) => {
        stop()
        connection.release()
        current.release()
        end(value)
      }
    })
  }

  /** The actor was killed. */
  killed(actor: RayActor): void {
    const proxy = this.#known(actor)
    if (proxy !== undefined) this.#sites.get(proxy.current)?.forget()
  }

  peer(session: number): Peer {
    return this.links.peer(session)
  }

  outcome(call: PendingCall): CallResult {
    return new CallResult(this.#objects, this.#home, call)
  }

  releaseTokens(tokens: readonly Token[] | undefined): void {
    if (tokens !== undefined) this.#home.releaseTokens(tokens)
  }

  prepare(call: PendingCall, args: readonly unknown[], ready: () => void): void {
    prepareCall(this.#desk, call, args, ready)
  }

  doubted(proxy: ActorProxy): void {
    this.#sites.get(proxy)?.seek()
  }

  callStarted(call: PendingCall): void {
    if (this.#calls++ === 0) this.#client.connection.hold()
    call.errand = this.errand?.()
    const { target } = call
    if (target instanceof ActorProxy && target.state.t !== 'alive' && this.lost === undefined) this.doubted(target)
  }

  callEnded(call: PendingCall): void {
    if (--this.#calls === 0) this.#client.connection.release()
    if (call.waitedFor && call.errand !== undefined) this.#deadlocks.remove(call, call.errand)
  }

  awaited(call: PendingCall): void {
    if (call.errand !== undefined) this.#deadlocks.add(call, call.errand)
  }

  unused(proxy: ActorProxy): void {
    const site = this.#sites.get(proxy)
    if (site === undefined) return
    this.#sites.delete(proxy)
    for (const name of site.actor.names) if (this.#byName.get(name) === site) this.#byName.delete(name)
    if (site.actor.proxy === proxy) site.actor.proxy = undefined
    site.end()
  }

  async locate(number: number, signal: AbortSignal | undefined): Promise<ActorPlace> {
    const { connection } = this.#client
    return (await connection.request('typescript.locate', number, { signal, keepAlive: false })) as ActorPlace
  }

  /** Cancels what makes the object. False when that is not a call of an actor in TypeScript. */
  cancel(object: ObjectPort, force: boolean): boolean {
    if (!(object instanceof CallResult)) return false
    if (force) throw new TypeError("'force' is for tasks only: to end an actor, use kill()")
    object.call?.cancel(false)
    return true
  }

  #encode(value: unknown, name: string): EncodedValue {
    const { codec, releaseTokens } = this.#home
    return encodeTransit(codec, value, name, releaseTokens, undefined, false)
  }

  /** Ray has said what it calls an actor; it may be one that is known already. */
  #identified(site: ActorSite): void {
    const { proxy, actor } = site
    if (!actor.isIdentified || this.#sites.get(proxy) !== site) return
    const known = this.#named(actor.id)
    proxy.id = actor.id
    this.#name(site)
    if (known !== undefined && known !== site) proxy.join(known.proxy)
  }

  #known(actor: RayActor): ActorProxy | undefined {
    return actor.proxy ?? actor.names.map((name) => this.#named(name)?.proxy).find((proxy) => proxy !== undefined)
  }

  /** A handle that has come to nothing on its way here says nothing about others of the same actor. */
  #named(name: string): ActorSite | undefined {
    const site = this.#byName.get(name)
    return site?.actor.failure === undefined ? site : undefined
  }

  #name(site: ActorSite): void {
    for (const name of site.actor.names) if (this.#named(name) === undefined) this.#byName.set(name, site)
  }
}
