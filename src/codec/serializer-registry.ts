/** A class whose instances have a serializer. Abstract ones and private constructors included. */
// biome-ignore lint/suspicious/noExplicitAny: `any` is what makes a class with any constructor assignable.
export type SerializableClass<T extends object> = abstract new (...args: any[]) => T

/** How instances of one class travel. Both sides register under the same `name`. */
export interface Serializer<T extends object, Data = unknown> {
  readonly name: string
  /** Returns what stands for the instance: anything the codec can encode, but not the instance itself inside. */
  serialize(value: T): Data
  deserialize(data: Data): T
}

/** A serializer as the codec sees it. */
export interface RegisteredSerializer {
  readonly name: string
  serialize(value: object): unknown
  deserialize(data: unknown): unknown
}

/**
 * The serializers of one runtime.
 *
 * @example
 * ```ts
 * class Money {
 *   cents: number
 *   constructor(cents: number) {
 *     this.cents = cents
 *   }
 * }
 *
 * const serializers = new SerializerRegistry()
 * serializers.registerSerializer(URL, {
 *   name: 'URL',
 *   serialize: (url) => url.href,
 *   deserialize: (href) => new URL(href),
 * })
 * ```
 */
export class SerializerRegistry {
  readonly #byPrototype = new Map<object, RegisteredSerializer>()
  readonly #byName = new Map<string, { readonly prototype: object; readonly serializer: RegisteredSerializer }>()

  /** How many classes have a serializer. */
  get size(): number {
    return this.#byPrototype.size
  }

  /**
   * Registers how instances of exactly `Class` (not of subclasses) travel. Registering a class again replaces its serializer.
   *
   * @throws {TypeError} when an argument is wrong, or `name` belongs to another class
   */
  registerSerializer<T extends object, Data>(Class: SerializableClass<T>, serializer: Serializer<T, Data>): void {
    const prototype = prototypeOf(Class)
    if (prototype === Object.prototype || prototype === Array.prototype) {
      throw new TypeError(`'Class' must not be ${Class.name}: plain objects and arrays are values of their own`)
    }
    const { name } = serializer
    if (typeof name !== 'string' || name === '') {
      throw new TypeError(`'name' must be a string that is not empty, not ${String(name)}`)
    }
    for (const method of ['serialize', 'deserialize'] as const) {
      if (typeof serializer[method] !== 'function')
        throw new TypeError(`'${method}' must be a function, not ${typeof serializer[method]}`)
    }
    const holder = this.#byName.get(name)
    if (holder !== undefined && holder.prototype !== prototype) {
      throw new TypeError(
        `the serializer name ${JSON.stringify(name)} belongs to another class: choose one that is unique`,
      )
    }
    this.deregisterSerializer(Class)
    const registered: RegisteredSerializer = {
      name,
      serialize: (value) => serializer.serialize(value as T),
      deserialize: (data) => serializer.deserialize(data as Data),
    }
    this.#byPrototype.set(prototype, registered)
    this.#byName.set(name, { prototype, serializer: registered })
  }

  /** Takes the class's serializer away. Does nothing when there is none. */
  deregisterSerializer<T extends object>(Class: SerializableClass<T>): void {
    const prototype = prototypeOf(Class)
    const registered = this.#byPrototype.get(prototype)
    if (registered === undefined) return
    this.#byPrototype.delete(prototype)
    this.#byName.delete(registered.name)
  }

  /** The serializer of the class with that prototype. */
  findByPrototype(prototype: object): RegisteredSerializer | undefined {
    return this.#byPrototype.get(prototype)
  }

  findByName(name: string): RegisteredSerializer | undefined {
    return this.#byName.get(name)?.serializer
  }
}

function prototypeOf(Class: unknown): object {
  const prototype: unknown = typeof Class === 'function' ? Class.prototype : undefined
  if (typeof prototype !== 'object' || prototype === null) {
    throw new TypeError(
      `'Class' must be a class, not ${typeof Class === 'function' ? 'a function without a prototype' : String(Class)}`,
    )
  }
  return prototype
}
