import { ActorDiedError } from '../../errors.ts'
import type { EncodedValue, Token } from '../../wire/token.ts'
import type { ActorSpec } from '../actor-engine.ts'
import type { ActorProxy } from '../calls/actor-proxy.ts'
import { argumentName } from '../calls/peer.ts'
import type { ActorDescription } from '../definition.ts'
import { portOf } from '../object-engine.ts'
import type { Client } from './client.ts'
import type { LocalObjects } from './local-objects.ts'

/** Event `actor.register`. The name is taken from here on, also while arguments are missing. */
export interface Registration {
  readonly id: string
  readonly description: ActorDescription
  readonly spec: ActorSpec & { readonly namespace: string }
  /** The constructor's arguments; absent while one of them is a ref that has no value yet, until `actor.arguments`. */
  readonly args: readonly EncodedValue[] | undefined
}

/** Asks the hub for an actor, and delivers the arguments of its constructor. */
export class ActorCreation {
  readonly #client: Client
  readonly #objects: LocalObjects
  readonly #proxy: ActorProxy
  readonly #args: EncodedValue[] = []
  #tokens: Token[] = []
  #failure: unknown

  constructor(client: Client, objects: LocalObjects, proxy: ActorProxy) {
    this.#client = client
    this.#objects = objects
    this.#proxy = proxy
  }

  start(
    description: ActorDescription,
    spec: ActorSpec & { readonly namespace: string },
    args: readonly unknown[],
  ): void {
    const waiting: Promise<void>[] = []
    for (const [index, argument] of args.entries()) {
      try {
        const arrived = this.#take(index, argument)
        if (arrived !== undefined) waiting.push(arrived)
      } catch (error) {
        this.#failure ??= error
      }
    }
    const { id } = this.#proxy
    const complete = waiting.length === 0 && this.#failure === undefined
    const registration: Registration = { id, description, spec, args: complete ? this.#args : undefined }
    this.#client.connection.notify('actor.register', registration)
    if (complete) return
    // The creation must not be forgotten while its arguments are under way.
    this.#proxy.retain(0)
    this.#finish(waiting)
  }

  async #finish(waiting: readonly Promise<void>[]): Promise<void> {
    try {
      await Promise.all(waiting)
      if (this.#failure !== undefined) throw this.#failure
      this.#tell({ id: this.#proxy.id, args: this.#args })
    } catch (cause) {
      this.#client.releaseTokens(this.#tokens)
      const { name } = this.#proxy.about.description
      const error = new ActorDiedError(`actor ${name} (${this.#proxy.id}) could not be created: ${messageOf(cause)}`, {
        actorId: this.#proxy.id,
        cause,
      })
      this.#tell({ id: this.#proxy.id, error })
    }
    this.#proxy.release()
  }

  #tell(news: { id: string; args?: readonly EncodedValue[]; error?: ActorDiedError }): void {
    this.#client.connection.notify('actor.arguments', news)
  }

  /** Encodes an argument, or waits for it when it is a ref. */
  #take(index: number, argument: unknown): Promise<void> | undefined {
    const input = portOf(argument)
    if (input === undefined) {
      this.#keep(index, this.#objects.encode(argument, argumentName(index)))
      return undefined
    }
    input.retain()
    const value = this.#objects.read(input)
    if (!(value instanceof Promise)) {
      this.#resolved(index, value)
      input.release()
      return undefined
    }
    return value.then((bytes) => this.#resolved(index, bytes)).finally(() => input.release())
  }

  /** Handles inside an object belong to the object; the actor, which may be started again much later, needs its own. */
  #resolved(index: number, value: EncodedValue): void {
    if (value.tokens === undefined || value.tokens.length === 0) {
      this.#keep(index, value)
      return
    }
    const { bytes, attachments } = value
    const decoded = this.#client.codec.decode(bytes, 0, bytes.byteLength, { attachments })
    this.#keep(index, this.#objects.encode(decoded, argumentName(index)))
  }

  #keep(index: number, value: EncodedValue): void {
    this.#args[index] = value
    if (value.tokens !== undefined) this.#tokens.push(...value.tokens)
  }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
