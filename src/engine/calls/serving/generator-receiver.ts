import { generatorMethod, type GeneratorStep as Step } from '../generator-step.ts'
import type { Answering, CallReceiver } from './answering.ts'
import type { IncomingCall } from './incoming-call.ts'

/**
 * A generator that an actor's method has returned: its caller asks for one step at a time.
 *
 * Each step takes its turn among the actor's other calls, so that a loop over the generator may call the actor.
 */
export class GeneratorReceiver implements CallReceiver {
  readonly #instance: CallReceiver
  readonly #generator: Generator | AsyncGenerator
  readonly #over: () => void
  readonly #stopListening: () => void
  #ended = false

  constructor(instance: CallReceiver, generator: Generator | AsyncGenerator, server: Answering, over: () => void) {
    this.#instance = instance
    this.#generator = generator
    this.#over = over
    this.#stopListening = server.onEnd(() => this.end())
  }

  accept(call: IncomingCall): void {
    call.work = call.method === generatorMethod.return ? () => this.#return() : () => this.#next()
    this.#instance.accept(call)
  }

  /** Nobody asks for more: the generator ends at its `yield`. */
  end(): void {
    if (this.#ended) return
    this.#finish()
    // There is nobody left whom an error in its `finally` could reach.
    try {
      const outcome = this.#generator.return(undefined) as unknown
      if (outcome instanceof Promise) outcome.catch(() => {})
    } catch {}
  }

  #next(): Step | Promise<Step> {
    const step = this.#generator.next() as Step | Promise<Step>
    return step instanceof Promise ? this.#followed(step) : this.#noted(step)
  }

  #return(): Step | Promise<Step> {
    this.#finish()
    const step = this.#generator.return(undefined) as Step | Promise<Step>
    return step instanceof Promise ? step.then(plain) : plain(step)
  }

  async #followed(pending: Promise<Step>): Promise<Step> {
    try {
      return this.#noted(await pending)
    } catch (error) {
      this.#finish()
      throw error
    }
  }

  #noted(step: Step): Step {
    if (step.done === true) this.#finish()
    return plain(step)
  }

  #finish(): void {
    if (this.#ended) return
    this.#ended = true
    this.#stopListening()
    this.#over()
  }
}

/** What is sent of a step; what a generator returns at its end is not one of its values. */
function plain({ done, value }: Step): Step {
  return { done: done === true, value: done === true ? undefined : value }
}
