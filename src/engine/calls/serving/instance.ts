import { WaiterList } from '../../../core/waiters.ts'
import { ActorDiedError, DeadlockError, KlawError } from '../../../errors.ts'
import type { ActorDescription } from '../../definition.ts'
import type { GeneratorPlace } from '../generator-step.ts'
import type { Answering, CallReceiver } from './answering.ts'
import { GeneratorReceiver } from './generator-receiver.ts'
import type { IncomingCall } from './incoming-call.ts'
import { runCall } from './run-call.ts'
import type { ThreadCalls } from './thread-calls.ts'

/** What an instance needs from where it runs. */
export interface InstanceHome {
  readonly thread: ThreadCalls
  /** Makes a receiver callable; returns its slot. */
  add(receiver: CallReceiver): number
  remove(slot: number): void
}

type Methods = Readonly<Record<string, (...args: unknown[]) => unknown>>

/** An actor's instance: runs the calls in the order in which they come, as many at a time as it may. */
export class Instance implements CallReceiver {
  readonly id: string
  readonly #home: InstanceHome
  readonly #description: ActorDescription
  readonly #target: Methods
  readonly #maxConcurrency: number
  readonly #queue = new WaiterList<IncomingCall>()
  /** Calls whose methods have returned promises. */
  readonly #running = new Set<IncomingCall>()
  #generators: Set<GeneratorReceiver> | undefined
  /** Klaw's own actors hold values for others, whose classes this thread need not know. */
  readonly #builtIn: boolean
  #dropped = false

  constructor(home: InstanceHome, id: string, description: ActorDescription, target: object, maxConcurrency: number) {
    this.id = id
    this.#home = home
    this.#description = description
    this.#builtIn = description.module.startsWith('klaw:')
    this.#target = target as Methods
    this.#maxConcurrency = maxConcurrency
  }

  accept(call: IncomingCall): void {
    call.actorId = this.id
    call.className = this.#description.name
    call.keepCustom = this.#builtIn
    if (this.#dropped) {
      call.server.lost(call)
    } else if (this.#running.size < this.#maxConcurrency && this.#queue.length === 0) {
      this.#run(call)
    } else {
      call.queue = this
      call.server.opened(call)
      this.#queue.push(call)
    }
  }

  withdraw(call: IncomingCall): void {
    if (this.#queue.remove(call)) call.queue = undefined
  }

  /** Refuses a call that waits for its turn when whatever has the turn waits for it. */
  awaited(call: IncomingCall): void {
    if (this.#running.size < this.#maxConcurrency) return
    const { chain } = call
    const keys = chain.map(({ key }) => key)
    let first = chain.length
    for (const running of this.#running) {
      const index = keys.indexOf(running.key)
      if (index < 0) return
      first = Math.min(first, index)
    }
    const labels = chain.slice(first).map(({ label }) => label)
    this.withdraw(call)
    call.server.refuse(
      call,
      new DeadlockError(
        `${labels.join(' → ')}: the last call can not run before the first one ends, which waits for it`,
        {
          chain: labels,
        },
      ),
    )
  }

  /** The actor was killed: what runs is told to stop, and nothing is answered any more. */
  drop(): void {
    if (this.#dropped) return
    this.#dropped = true
    for (let call = this.#queue.shift(); call !== undefined; call = this.#queue.shift()) call.server.lost(call)
    const reason = new ActorDiedError(`actor ${this.#description.name} (${this.id}) was killed`, { actorId: this.id })
    for (const call of [...this.#running]) {
      this.#home.thread.running.delete(call)
      call.server.lost(call)
      call.abort(reason)
    }
    for (const generator of [...(this.#generators ?? [])]) generator.end()
  }

  #run(call: IncomingCall): void {
    const work = call.work ?? this.#workOf(call)
    if (work === undefined) {
      const known = Object.keys(this.#description.methods).join(', ')
      call.server.refuse(
        call,
        new KlawError(`${this.#description.name} has no method '${call.method}'; it has ${known}`),
      )
    } else if (runCall(this.#home.thread, call, work, this.#settled)) {
      this.#running.add(call)
    }
  }

  #workOf(call: IncomingCall): ((args: unknown[]) => unknown) | undefined {
    const { method } = call
    const { methods } = this.#description
    if (!Object.hasOwn(methods, method)) return undefined
    const run = (args: unknown[]) => this.#target[method]!(...args)
    if (methods[method] === 'value') return run
    return (args) => this.#open(run(args) as Generator | AsyncGenerator, call.server)
  }

  /** A generator is called step by step by whoever called the method. */
  #open(generator: Generator | AsyncGenerator, server: Answering): GeneratorPlace {
    const receiver = new GeneratorReceiver(this, generator, server, () => {
      this.#home.remove(slot)
      this.#generators?.delete(receiver)
    })
    const slot = this.#home.add(receiver)
    this.#generators ??= new Set()
    this.#generators.add(receiver)
    return { slot }
  }

  readonly #settled = (call: IncomingCall): void => {
    this.#running.delete(call)
    while (this.#running.size < this.#maxConcurrency) {
      const next = this.#queue.shift()
      if (next === undefined) return
      next.queue = undefined
      this.#run(next)
    }
  }
}
