import { objectValue } from '../object-value.ts'
import type { ActorProxy } from './actor-proxy.ts'
import type { CallOutcome, CallOwner } from './call-owner.ts'
import { type GeneratorPlace, type GeneratorStep, generatorMethod } from './generator-step.ts'
import { type CallTarget, PendingCall } from './pending-call.ts'

/**
 * A generator of an actor, as its caller reads it: each step is a call to where the generator is.
 *
 * It ends with the instance that made it; a restarted actor does not continue it.
 */
export class RemoteIterator implements AsyncIterableIterator<unknown> {
  readonly #reading: Reading

  /** @param opening the call of the generator method */
  constructor(proxy: ActorProxy, opening: PendingCall) {
    this.#reading = new Reading(proxy, opening)
    collected.register(this, this.#reading, this)
  }

  next(): Promise<IteratorResult<unknown, undefined>> {
    return this.#reading.step(generatorMethod.next)
  }

  return(): Promise<IteratorResult<unknown, undefined>> {
    return this.#reading.step(generatorMethod.return)
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}

/** A reader who just forgets about the generator must not keep it, and its actor, for ever. */
const collected = new FinalizationRegistry<Reading>((reading) => reading.abandon())

const finished: IteratorResult<never, undefined> = { done: true, value: undefined }

/** The reader's side of one generator. */
class Reading implements CallTarget {
  readonly owner: CallOwner
  readonly actor: ActorProxy
  readonly #opening: PendingCall
  readonly #place: Promise<GeneratorPlace>
  #steps = 0
  #over = false

  constructor(proxy: ActorProxy, opening: PendingCall) {
    this.owner = proxy.owner
    this.actor = proxy
    this.#opening = opening
    // The actor lives as long as somebody reads.
    proxy.retain(0)
    this.#place = objectValue(opening.outcome) as Promise<GeneratorPlace>
    // A method that could not be called ends the reading; the first step says why.
    this.#place.catch(() => this.#end())
  }

  async step(method: string): Promise<IteratorResult<unknown, undefined>> {
    const place = await this.#place
    if (this.#over) return finished
    try {
      const { done, value } = (await objectValue(this.#call(place, method))) as GeneratorStep
      if (!done) return { done: false, value }
      this.#end()
      return { done: true, value: undefined }
    } catch (error) {
      this.#end()
      throw error
    }
  }

  abandon(): void {
    if (this.#over) return
    this.step(generatorMethod.return).catch(() => {
      // Nobody reads any more, so nobody is left to tell.
    })
  }

  describe(call: PendingCall): string {
    return this.actor.describe(call)
  }

  lost(call: PendingCall): void {
    this.actor.lost(call)
  }

  /** Steps are never run again: the generator is gone with its instance. */
  again(): void {}

  done(call: PendingCall): void {
    this.owner.callEnded(call)
  }

  cancelSent(call: PendingCall): void {
    call.peer?.cancel(call.id)
  }

  awaited(call: PendingCall): void {
    this.owner.awaited(call)
  }

  #call({ slot }: GeneratorPlace, method: string): CallOutcome {
    const { owner } = this
    const call = new PendingCall(this, method, this.#steps++, 0, false)
    call.outcome = owner.outcome(call)
    owner.callStarted(call)
    if (owner.lost !== undefined) {
      call.refuse(owner.lost)
      return call.outcome
    }
    // For the proxy the step belongs to the instance that made the generator, not to the generator's own slot.
    const { session, slot: instance } = this.#opening
    const peer = owner.peer(session)
    call.sent(peer, instance, 0)
    if (peer.lost || !this.actor.isAt(session, instance)) call.lost()
    else call.sent(peer, instance, peer.trySend(call, slot, method, []))
    return call.outcome
  }

  #end(): void {
    if (this.#over) return
    this.#over = true
    this.actor.release()
  }
}
