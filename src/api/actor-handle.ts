import { type EncodeContext, handleSymbol } from '../codec/codec.ts'
import { type ActorPort, actorPort, type CallSpec } from '../engine/actor-engine.ts'
import type { ActorDescription } from '../engine/definition.ts'
import { type CallOptions, callSpec } from './actor-options.ts'
import { ObjectRef } from './object-ref.ts'
import type { ActorHandle } from './remote-types.ts'

/** Makes a handle that owns `port`: when it is disposed of, or collected, the port is released. */
export function actorHandle<Instance extends object>(port: ActorPort): ActorHandle<Instance> {
  const { description } = port
  let Handle = classes.get(description)
  if (Handle === undefined) {
    Handle = handleClass(description)
    classes.set(description, Handle)
  }
  const handle = description.open === true ? openHandle(new Handle(port)) : new Handle(port)
  collected.register(handle, port, handle)
  return handle as object as ActorHandle<Instance>
}

const collected = new FinalizationRegistry<ActorPort>((port) => port.release())

/** The members that every handle has. */
class Handle {
  declare readonly [actorPort]: ActorPort

  constructor(port: ActorPort) {
    Object.defineProperty(this, actorPort, { value: port })
  }

  ready(): Promise<void> {
    return this[actorPort].ready()
  }

  [Symbol.dispose](): void {
    collected.unregister(this)
    this[actorPort].release()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this[Symbol.dispose]()
  }

  [handleSymbol](context: EncodeContext): { readonly kind: number; readonly body: unknown } {
    return this[actorPort].export(context)
  }

  toString(): string {
    const { id, description } = this[actorPort]
    return `ActorHandle<${description.name}>(${id})`
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return Handle.prototype.toString.call(this)
  }
}

/** One class for all handles of a description, with a getter for each method. */
const classes = new WeakMap<ActorDescription, typeof Handle>()

function handleClass(description: ActorDescription): typeof Handle {
  class Described extends Handle {}
  for (const [name, kind] of Object.entries(description.methods)) {
    Object.defineProperty(Described.prototype, name, {
      configurable: true,
      get(this: Handle) {
        const method = kind === 'stream' ? new Stream(this, name) : new Method(this, name, undefined)
        // Made once per handle, when it is first used.
        Object.defineProperty(this, name, { value: method })
        return method
      },
    })
  }
  return Described
}

/** A handle on which any name is a method. `then` is none, or the handle could not be awaited safely. */
function openHandle(handle: Handle): Handle {
  const methods = new Map<string, Method>()
  return new Proxy(handle, {
    get(target, key, receiver: Handle) {
      if (typeof key === 'symbol' || key === 'then' || key in target) return Reflect.get(target, key, receiver)
      let method = methods.get(key)
      if (method === undefined) {
        method = new Method(receiver, key, undefined)
        methods.set(key, method)
      }
      return method
    },
  })
}

// Methods hold their handle: whoever keeps one of them keeps the actor.

class Method {
  readonly #handle: Handle
  readonly #name: string
  readonly #spec: CallSpec | undefined

  constructor(handle: Handle, name: string, spec: CallSpec | undefined) {
    this.#handle = handle
    this.#name = name
    this.#spec = spec
  }

  remote(...args: unknown[]): ObjectRef<unknown> {
    return new ObjectRef(this.#handle[actorPort].call(this.#name, args, this.#spec))
  }

  options(options: CallOptions): Method {
    return new Method(this.#handle, this.#name, callSpec(options))
  }
}

class Stream {
  readonly #handle: Handle
  readonly #name: string

  constructor(handle: Handle, name: string) {
    this.#handle = handle
    this.#name = name
  }

  remote(...args: unknown[]): AsyncIterableIterator<unknown> {
    return this.#handle[actorPort].stream(this.#name, args)
  }
}
