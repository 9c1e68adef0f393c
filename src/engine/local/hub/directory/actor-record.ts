import { ActorDiedError, ActorUnschedulableError } from '../../../../errors.ts'
import type { EncodedValue, Token } from '../../../../wire/token.ts'
import type { ActorAbout, ActorNews, ActorState } from '../../../calls/actor-state.ts'
import type { Registration } from '../../actor-creation.ts'
import type { HostCreate } from '../../worker/host.ts'
import type { Session } from '../session.ts'
import { type Resources, type ResourceWaiter, requested } from './resources.ts'
import { type SharedThread, type ThreadUser, threadOptions, type WorkerThreads } from './worker-threads.ts'

/** What an actor needs from the directory that it stands in. */
export interface ActorSurroundings {
  readonly resources: Resources
  readonly threads: WorkerThreads
  /** Lets go of the handles in the constructor's arguments. */
  releaseTokens(tokens: readonly Token[]): void
  /** The actor is dead: its name is free. */
  died(actor: ActorRecord): void
}

/** An actor, from its registration to its death: what the hub knows of it, and who is told. */
export class ActorRecord implements ThreadUser {
  readonly id: string
  readonly registration: Registration
  readonly #around: ActorSurroundings
  readonly #resources: ResourceWaiter
  /** How many handles each session holds, and how to stop listening for its end. */
  readonly #holders = new Map<Session, { handles: number; readonly stop: () => void }>()
  /** Handles under way inside values. */
  #transits = 0
  #args: readonly EncodedValue[] | undefined
  #state: ActorState = { t: 'pending' }
  #restarts: number
  #place: SharedThread | undefined
  #waiting = false
  /** Whether it holds the resources that it asked for. */
  #holding = false
  /** What to do when it is dead. */
  readonly #ends: (() => void)[] = []
  /** Counts the instances that were begun, so that news of an earlier one is recognised. */
  #instance = 0

  constructor(registration: Registration, around: ActorSurroundings) {
    this.id = registration.id
    this.registration = registration
    this.#around = around
    this.#resources = { amounts: requested(registration.spec), session: undefined, granted: () => this.#granted() }
    this.#restarts = registration.spec.maxRestarts
  }

  get state(): ActorState {
    return this.#state
  }

  get about(): ActorAbout {
    const { description, spec } = this.registration
    return { description, maxTaskRetries: spec.maxTaskRetries, maxPendingCalls: spec.maxPendingCalls }
  }

  get label(): string {
    return `actor ${this.registration.description.name} (${this.id})`
  }

  /** The arguments are there: the actor is placed as soon as there is room. */
  start(args: readonly EncodedValue[]): void {
    if (this.#state.t === 'dead') {
      this.#around.releaseTokens(tokensOf(args))
      return
    }
    this.#args = args
    const lacking = this.#around.resources.infeasible(this.#resources.amounts)
    if (lacking !== undefined) this.die(new ActorUnschedulableError(`${this.label} can never start: ${lacking}`), false)
    else this.#wait()
  }

  /** Ends the actor for good. */
  die(error: Error, killed: boolean): void {
    if (this.#state.t === 'dead') return
    this.#become({ t: 'dead', error, killed })
    for (const { stop } of this.#holders.values()) stop()
    this.#holders.clear()
    for (const end of this.#ends.splice(0)) end()
    this.#vacate(killed)
    this.#around.releaseTokens(tokensOf(this.#args ?? []))
    this.#args = undefined
    this.#around.died(this)
  }

  kill(noRestart: boolean): void {
    if (this.#state.t === 'dead') return
    const error = new ActorDiedError(`${this.label} was killed`, { actorId: this.id })
    if (noRestart || !this.#takeRestart()) {
      this.die(error, true)
      return
    }
    this.#become({ t: 'restarting', killed: true })
    this.#vacate(true)
    this.#wait()
  }

  threadEnded(cause: Error): void {
    this.#place = undefined
    this.#giveBack()
    if (this.#takeRestart()) {
      this.#become({ t: 'restarting', killed: false })
      this.#wait()
      return
    }
    const error = new ActorDiedError(`${this.label} died: ${cause.message}`, { actorId: this.id, cause })
    this.die(error, false)
  }

  onDeath(listener: () => void): void {
    this.#ends.push(listener)
  }

  /** Whether the session has a handle. */
  isHeldBy(session: Session): boolean {
    return this.#holders.has(session)
  }

  /** A session has (another) handle. */
  hold(session: Session): void {
    if (this.#state.t === 'dead') return
    const holder = this.#holders.get(session)
    if (holder !== undefined) holder.handles++
    else {
      const stop = session.onEnd(() => this.letGo(session, Number.POSITIVE_INFINITY))
      this.#holders.set(session, { handles: 1, stop })
    }
  }

  letGo(session: Session, handles: number): void {
    const holder = this.#holders.get(session)
    if (holder === undefined) return
    holder.handles -= handles
    if (holder.handles > 0) return
    holder.stop()
    this.#holders.delete(session)
    this.#endIfUnreachable()
  }

  retain(): void {
    this.#transits++
  }

  release(): void {
    this.#transits--
    this.#endIfUnreachable()
  }

  /** Tells a session where the actor is; `alias` is the id under which it asked. */
  tell(session: Session, alias?: string): void {
    const news: ActorNews = { id: this.id, state: this.#state }
    session.connection.notify('actor.state', alias === undefined ? news : { ...news, alias, about: this.about })
  }

  #endIfUnreachable(): void {
    const { name, lifetime } = this.registration.spec
    if (this.#holders.size > 0 || this.#transits > 0 || name !== undefined || lifetime === 'detached') return
    this.die(new ActorDiedError(`${this.label} ended: nobody holds a handle of it`, { actorId: this.id }), false)
  }

  #become(state: ActorState): void {
    this.#state = state
    for (const session of this.#holders.keys()) this.tell(session)
  }

  #takeRestart(): boolean {
    if (this.#restarts === 0) return false
    if (this.#restarts > 0) this.#restarts--
    return true
  }

  #wait(): void {
    this.#waiting = true
    this.#around.resources.wait(this.#resources)
  }

  #granted(): void {
    this.#waiting = false
    this.#holding = true
    try {
      this.#place = this.#findPlace()
    } catch (cause) {
      this.#giveBack()
      this.#failed(cause)
      return
    }
    this.#construct(this.#place)
  }

  #findPlace(): SharedThread {
    const { spec, description } = this.registration
    const special = spec.memory !== undefined || spec.runtimeEnv?.env_vars !== undefined
    const { threads } = this.#around
    return spec.numCpus === 0 && !special
      ? threads.pooled(this)
      : threads.own(threadOptions(spec), this, `actor-${description.name}`)
  }

  #construct({ thread }: SharedThread): void {
    const { description, spec } = this.registration
    const instance = ++this.#instance
    const create: HostCreate = {
      id: this.id,
      description,
      maxConcurrency: spec.maxConcurrency ?? (description.asynchronous ? 1000 : 1),
      args: this.#args ?? [],
    }
    const { session } = thread
    const created = thread.started.then(() => {
      if (this.#instance !== instance) return undefined
      return session.connection.request('host.create', create, { keepAlive: false })
    })
    created.then(
      (slot) => {
        if (this.#instance === instance) this.#become({ t: 'alive', session: session.id, slot: slot as number })
      },
      (cause: unknown) => {
        // A thread that has ended says so by itself, with the reason.
        if (session.connection.lost !== undefined || this.#instance !== instance) return
        this.#failed(cause)
      },
    )
  }

  #failed(cause: unknown): void {
    const message = cause instanceof Error ? cause.message : String(cause)
    const error = new ActorDiedError(`${this.label} could not be created: ${message}`, { actorId: this.id, cause })
    this.die(error, false)
  }

  /** Leaves the line for resources, or the thread. */
  #vacate(killed: boolean): void {
    this.#instance++
    const place = this.#place
    this.#place = undefined
    if (this.#waiting) {
      this.#waiting = false
      this.#around.resources.leave(this.#resources)
    }
    if (place === undefined) return
    if (place.shared) {
      const { started, session } = place.thread
      started.then(() => session.connection.notify('host.drop', { id: this.id }))
    }
    // What the thread holds is free only when it is gone.
    const holding = this.#holding
    this.#holding = false
    this.#around.threads.leave(place, this, killed ? 'once' : 'leisure').then(() => {
      if (holding) this.#around.resources.giveBack(this.#resources.amounts)
    })
  }

  #giveBack(): void {
    if (!this.#holding) return
    this.#holding = false
    this.#around.resources.giveBack(this.#resources.amounts)
  }
}

function tokensOf(args: readonly EncodedValue[]): Token[] {
  return args.flatMap((argument) => argument.tokens ?? [])
}
