import { ActorAlreadyExistsError, ActorDiedError, ActorNotFoundError, KlawError } from '../../../../errors.ts'
import { type EncodedValue, HandleKind, type Token } from '../../../../wire/token.ts'
import type { NamedActor } from '../../../actor-engine.ts'
import type { ActorNews } from '../../../calls/actor-state.ts'
import type { Registration } from '../../actor-creation.ts'
import type { Hub } from '../hub.ts'
import type { Leasable } from '../leases.ts'
import type { Session } from '../session.ts'
import { ActorRecord, type ActorSurroundings } from './actor-record.ts'
import type { Resources } from './resources.ts'
import { SharedDescriptions } from './shared-descriptions.ts'
import { unsupportedEnvironment, type WorkerThreads } from './worker-threads.ts'

/** All actors of the runtime, and their names. */
export class ActorDirectory implements ActorSurroundings {
  readonly resources: Resources
  readonly threads: WorkerThreads
  readonly #hub: Hub
  readonly #descriptions = new SharedDescriptions()
  readonly #actors = new Map<string, ActorRecord>()
  /** By namespace, then by name. */
  readonly #names = new Map<string, Map<string, ActorRecord>>()
  /** Actors that were asked for under another id than they have, since they existed already. */
  readonly #aliases = new Map<string, { readonly actor: ActorRecord; readonly stop: () => void }>()

  constructor(hub: Hub, resources: Resources, threads: WorkerThreads) {
    this.#hub = hub
    this.resources = resources
    this.threads = threads
    hub.leases.resolver(HandleKind.actor, (id) => this.#lease(id))
    hub.handle('actor.register', (session, registration: Registration) => this.#register(session, registration))
    hub.handle('actor.arguments', (_session, news: ArgumentNews) => this.#argumentsArrived(news))
    hub.handle('actor.find', (session, asked: { name: string; namespace: string }) => this.#find(session, asked))
    hub.handle('actor.list', (_session, { namespace }: { namespace?: string }) => this.#list(namespace))
    hub.handle('actor.kill', (_session, { id, noRestart }: { id: string; noRestart: boolean }) => {
      this.#actor(id)?.kill(noRestart)
    })
    hub.handle('actor.watch', (session, id: string) => this.#watch(session, id))
    hub.handle('actor.release', (session, { id, count }: { id: string; count: number }) => {
      this.#actor(id)?.letGo(session, count)
      this.#forgetAlias(id)
    })
  }

  releaseTokens(tokens: readonly Token[]): void {
    this.#hub.leases.release(tokens)
  }

  died(actor: ActorRecord): void {
    const { name, namespace } = actor.registration.spec
    this.#actors.delete(actor.id)
    if (name === undefined) return
    const names = this.#names.get(namespace)
    if (names?.get(name) !== actor) return
    names.delete(name)
    if (names.size === 0) this.#names.delete(namespace)
  }

  #actor(id: string): ActorRecord | undefined {
    return this.#actors.get(id) ?? this.#aliases.get(id)?.actor
  }

  #register(session: Session, asked: Registration): void {
    const registration = { ...asked, description: this.#descriptions.share(asked.description) }
    const { id, spec, args } = registration
    const { name, namespace } = spec
    const existing = name === undefined ? undefined : this.#names.get(namespace)?.get(name)
    if (existing !== undefined && spec.getIfExists) {
      this.#join(session, existing, id)
      this.#releaseArguments(args)
      return
    }
    const refusal = this.#refusal(registration, existing)
    if (refusal !== undefined) {
      tellDead(session, id, refusal)
      this.#releaseArguments(args)
      return
    }
    const actor = new ActorRecord(registration, this)
    this.#actors.set(id, actor)
    actor.hold(session)
    if (name !== undefined) {
      this.#claimName(actor, namespace, name)
      if (spec.lifetime !== 'detached') this.#endWith(session, actor)
    }
    if (args !== undefined) actor.start(args)
  }

  #refusal({ description, spec }: Registration, existing: ActorRecord | undefined): KlawError | undefined {
    if (existing !== undefined) {
      return new ActorAlreadyExistsError(
        `an actor named '${spec.name}' exists already in namespace '${spec.namespace}' (${existing.label})`,
      )
    }
    const unsupported = unsupportedEnvironment(spec.runtimeEnv)
    if (unsupported.length === 0) return undefined
    return new KlawError(
      `actor ${description.name}: the embedded engine honours only 'env_vars' of 'runtimeEnv', got ${unsupported.join(', ')}`,
    )
  }

  #join(session: Session, existing: ActorRecord, alias: string): void {
    this.#aliases.set(alias, { actor: existing, stop: session.onEnd(() => this.#forgetAlias(alias)) })
    existing.onDeath(() => this.#forgetAlias(alias))
    existing.hold(session)
    existing.tell(session, alias)
  }

  #claimName(actor: ActorRecord, namespace: string, name: string): void {
    let names = this.#names.get(namespace)
    if (names === undefined) {
      names = new Map()
      this.#names.set(namespace, names)
    }
    names.set(name, actor)
  }

  /** An actor with a name, which anybody can find, ends with the thread that created it, as in Ray. */
  #endWith(session: Session, actor: ActorRecord): void {
    const stop = session.onEnd(() => {
      actor.die(
        new ActorDiedError(`${actor.label} ended: its creator did, and it is not detached`, { actorId: actor.id }),
        true,
      )
    })
    actor.onDeath(stop)
  }

  /** What a handle that leaves its thread stands for. It may have been made before its actor's id was known. */
  #lease(id: string): Leasable {
    const actor = this.#actor(id)
    return {
      retain: () => actor?.retain(),
      release: () => actor?.release(),
      claim: (session) => {
        if (actor === undefined || actor.state.t === 'dead') return
        actor.hold(session)
        actor.tell(session, actor.id === id ? undefined : id)
      },
    }
  }

  /** A handle has arrived. If its lease could not be claimed any more, the session holds the actor from now on, or learns that it is dead. */
  #watch(session: Session, id: string): void {
    const actor = this.#actor(id)
    if (actor === undefined) tellDead(session, id, new ActorDiedError(`actor ${id} has ended`, { actorId: id }))
    else if (!actor.isHeldBy(session)) {
      actor.hold(session)
      actor.tell(session)
    }
  }

  #forgetAlias(alias: string): void {
    this.#aliases.get(alias)?.stop()
    this.#aliases.delete(alias)
  }

  #argumentsArrived({ id, args, error }: ArgumentNews): void {
    const actor = this.#actors.get(id)
    if (actor === undefined) this.#releaseArguments(args)
    else if (error !== undefined) actor.die(error, false)
    else if (args !== undefined) actor.start(args)
  }

  #releaseArguments(args: readonly EncodedValue[] | undefined): void {
    for (const { tokens } of args ?? []) if (tokens !== undefined) this.#hub.leases.release(tokens)
  }

  #find(session: Session, { name, namespace }: { name: string; namespace: string }) {
    const actor = this.#names.get(namespace)?.get(name)
    if (actor === undefined) {
      throw new ActorNotFoundError(
        `Failed to look up actor with name '${name}' in namespace '${namespace}': it was never created, or it has ended`,
      )
    }
    actor.hold(session)
    return { id: actor.id, about: actor.about, state: actor.state }
  }

  #list(namespace: string | undefined): NamedActor[] {
    const found: NamedActor[] = []
    for (const [space, names] of this.#names) {
      if (namespace !== undefined && space !== namespace) continue
      for (const name of names.keys()) found.push({ name, namespace: space })
    }
    return found
  }
}

/** Event `actor.arguments`. */
interface ArgumentNews {
  readonly id: string
  readonly args?: readonly EncodedValue[]
  readonly error?: ActorDiedError
}

function tellDead(session: Session, id: string, error: Error): void {
  const news: ActorNews = { id, state: { t: 'dead', error, killed: false } }
  session.connection.notify('actor.state', news)
}
