import { ActorDiedError, ActorUnavailableError, KlawError } from '../../../errors.ts'
import type { ActorProxy } from '../../calls/actor-proxy.ts'
import { pause } from '../lane/pause.ts'
import type { RayActor } from '../ray-actor.ts'
import type { Link } from './link.ts'
import type { ActorPlace, Links } from './links.ts'

/** An actor in TypeScript has one slot in its process. */
const instanceSlot = 1
/** Milliseconds between two attempts to connect. */
const shortestPause = 50
const longestPause = 500
/** Milliseconds after which those who wait are told that an actor which is said to be there can not be reached. */
const longestSearch = 30_000

/** What a site needs of its engine. */
export interface SiteHome {
  readonly links: Links
  /** Why nothing can be asked any more; undefined while it can. */
  readonly lost: Error | undefined
  /** Asks where the actor of that number is; waits until it is somewhere. Rejects with what it died of. */
  locate(number: number, signal: AbortSignal | undefined): Promise<ActorPlace>
}

/** What became of a search. A link is the finder's to release. */
type Found =
  | { readonly t: 'alive'; readonly place: ActorPlace; readonly link: Link }
  | { readonly t: 'dead'; readonly error: Error }

/** Where one actor is: finds its process through Ray when somebody needs it, and again when it was lost. */
export class ActorSite {
  readonly proxy: ActorProxy
  readonly actor: RayActor
  readonly #home: SiteHome
  /** Instances that were killed: whatever Ray says, they are no more. */
  readonly #killed = new Set<string>()
  #link: Link | undefined
  #search: AbortController | undefined
  #holding = false

  constructor(home: SiteHome, actor: RayActor, proxy: ActorProxy) {
    this.#home = home
    this.actor = actor
    this.proxy = proxy
  }

  /** Looks for the actor, unless that is under way; then the proxy is told. */
  seek(): void {
    if (this.#search !== undefined) return
    const search = new AbortController()
    this.#search = search
    if (!this.#holding) {
      // The actor must not end with its handles while somebody calls it.
      this.#holding = true
      this.actor.retain()
    }
    this.#find(search.signal).then(
      (found) => {
        if (this.#search !== search) {
          if (found.t === 'alive') found.link.release()
          return
        }
        this.#search = undefined
        if (found.t === 'alive') this.#arrived(found.place, found.link)
        else this.proxy.update({ t: 'dead', error: found.error, killed: true })
      },
      (error: unknown) => {
        if (this.#search !== search) return
        this.#search = undefined
        this.proxy.fail(this.#home.lost ?? error)
      },
    )
  }

  /** The instance that is known was killed: nothing of it counts any more, and calls that it had are decided by what comes after it. */
  forget(): void {
    const link = this.#link
    if (link === undefined) return
    this.#killed.add(link.instance)
    this.#leave(link)
  }

  /** Nobody needs the actor any more. */
  end(): void {
    this.#search?.abort()
    this.#search = undefined
    const link = this.#link
    this.#link = undefined
    link?.release()
    if (!this.#holding) return
    this.#holding = false
    this.actor.release()
  }

  async #find(signal: AbortSignal): Promise<Found> {
    let failingSince: number | undefined
    for (let attempt = 0; ; attempt++) {
      if (attempt > 0) await pause(Math.min(shortestPause * 2 ** (attempt - 1), longestPause), signal)
      signal.throwIfAborted()
      await this.actor.created
      if (this.actor.failure !== undefined) return { t: 'dead', error: KlawError.from(this.actor.failure.cause) }
      let place: ActorPlace
      try {
        place = await this.#home.locate(this.actor.share.number, signal)
      } catch (error) {
        if (error instanceof ActorDiedError) return { t: 'dead', error }
        throw error
      }
      if (this.#killed.has(place.instance)) continue
      try {
        return { t: 'alive', place, link: await this.#home.links.to(place, () => this.#instance()) }
      } catch (error) {
        signal.throwIfAborted()
        if (this.#home.lost !== undefined) throw this.#home.lost
        failingSince ??= performance.now()
        if (performance.now() - failingSince > longestSearch) throw this.#unreachable(error)
      }
    }
  }

  /** The instance that there is by now; undefined when there is none, and will be none. */
  async #instance(): Promise<string | undefined> {
    try {
      return (await this.#home.locate(this.actor.share.number, undefined)).instance
    } catch (error) {
      if (error instanceof ActorDiedError) return undefined
      throw error
    }
  }

  #arrived({ maxTaskRetries, maxPendingCalls }: ActorPlace, link: Link): void {
    const before = this.#link
    this.#link = link
    before?.release()
    link.peer.connection.onLost(() => {
      if (this.#link !== link) return
      this.#leave(link)
      // Whoever calls the actor next is to know what has become of it.
      if (this.#home.lost === undefined) this.seek()
    })
    this.proxy.learn({ description: this.actor.description, maxTaskRetries, maxPendingCalls })
    this.proxy.update({ t: 'alive', session: link.number, slot: instanceSlot })
  }

  #leave(link: Link): void {
    this.#link = undefined
    this.proxy.suspend()
    link.release()
  }

  #unreachable(cause: unknown): ActorUnavailableError {
    const { description, id } = this.actor
    const message = `the process of actor ${description.name} (${id}) can not be reached: ${cause instanceof Error ? cause.message : String(cause)}`
    return new ActorUnavailableError(message, { actorId: id, cause })
  }
}
