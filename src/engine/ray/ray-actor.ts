import { ActorDiedError } from '../../errors.ts'
import type { ActorProxy } from '../calls/actor-proxy.ts'
import type { ActorAbout } from '../calls/actor-state.ts'
import type { ActorDescription } from '../definition.ts'
import type { Share } from './share.ts'

/** An actor in the cluster, by its number, as all of its handles in this process see it. */
export class RayActor {
  readonly share: Share
  readonly description: ActorDescription
  /** What its creation failed with. */
  failure: { readonly cause: unknown } | undefined
  /** Settles when Ray knows the actor; never rejects. */
  created: Promise<void> = Promise.resolve()
  /** Of an actor in TypeScript: what holds for its callers, where that is known before its process has said so. */
  limits: Pick<ActorAbout, 'maxTaskRetries' | 'maxPendingCalls'> | undefined
  /** @internal Of an actor in TypeScript: its calls, while there are callers. */
  proxy: ActorProxy | undefined
  readonly #ended: () => void
  /** What it is called by processes of ours until all of them know Ray's id. */
  readonly #name: string | undefined
  #id: string | undefined
  #handles = 0

  /**
   * @param id Ray's own, or the name that whoever has made the actor gave it: see `RayClient.nameOf`
   * @param ended called when the last handle has gone
   */
  constructor(share: Share, description: ActorDescription, id: string, ended: () => void) {
    this.#ended = ended
    this.share = share
    this.description = description
    if (id.includes('.')) this.#name = id
    else this.#id = id
  }

  /** Ray's own id; until Ray has said so, a name of ours, which nothing else has. */
  get id(): string {
    return this.#id ?? (this.#name as string)
  }

  /** All that it is called. */
  get names(): string[] {
    return [this.#id, this.#name].filter((name) => name !== undefined)
  }

  /** Whether {@link id} is Ray's. */
  get isIdentified(): boolean {
    return this.#id !== undefined
  }

  /** Whether it is called in its own process, and not through Ray. */
  get isTypeScript(): boolean {
    return this.description.language === 'typescript'
  }

  /** Follows a creation; `id` takes Ray's id out of the answer. */
  follow<Answer>(creation: Promise<Answer>, id: (answer: Answer) => string): void {
    this.created = creation.then(
      (answer) => {
        this.#id = id(answer)
      },
      (cause: unknown) => {
        this.failure ??= { cause }
      },
    )
  }

  /** The agent was never asked to create it. */
  refuse(cause: unknown): void {
    const message = `actor ${this.description.name} could not be created: ${String(cause)}`
    this.failure = { cause: new ActorDiedError(message, { actorId: this.id, cause }) }
  }

  retain(): void {
    this.#handles++
  }

  release(): void {
    if (--this.#handles === 0) this.#ended()
  }
}
