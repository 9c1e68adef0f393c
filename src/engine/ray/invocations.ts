import type { Codec } from '../../codec/codec.ts'
import { handleSymbol } from '../../codec/handles.ts'
import { ObjectLostError, SerializationError } from '../../errors.ts'
import type { Connection } from '../../wire/connection.ts'
import { endFrame } from '../../wire/frame.ts'
import { beginInvoke, mostMethods } from '../../wire/gateway-frames.ts'
import { argumentName, largestArgument, RefInPlace } from './arguments.ts'
import type { Held } from './arrival-context.ts'
import type { RayClient } from './client.ts'
import { exportContext } from './export-context.ts'
import type { RayObjects } from './objects.ts'
import type { RayObject } from './ray-object.ts'

/** Calls of actors' methods: written straight into what leaves next. */
export class Invocations {
  readonly #connection: Connection
  readonly #codec: Codec
  readonly #objects: RayObjects
  readonly #context = exportContext()
  /** The numbers that methods' names have in this connection. */
  readonly #methods = new Map<string, number>()

  constructor(client: RayClient, objects: RayObjects) {
    this.#connection = client.connection
    this.#codec = client.codec
    this.#objects = objects
  }

  /** Never throws: whatever is wrong with the call is what the object fails with. */
  invoke(actor: number, method: string, args: readonly unknown[]): RayObject {
    try {
      if (args.some(isLarge)) return this.#invokeLarge(actor, method, args, [], [])
      return this.#invokeDirect(actor, method, args)
    } catch (error) {
      return this.#objects.failed(lostArgument(error))
    }
  }

  #invokeDirect(actor: number, method: string, args: readonly unknown[]): RayObject {
    const { out } = this.#connection
    const { handles } = this.#context
    const start = out.position
    const object = this.#objects.create()
    let encoded: readonly Uint8Array<ArrayBuffer>[] | undefined
    let held: readonly Held[] = []
    this.#objects.writing = true
    try {
      const lengths = this.#begin(object, actor, method, args.length)
      for (let index = 0; index < args.length; index++) {
        const before = out.position
        this.#codec.encodeInto(out, args[index], this.#context, argumentName(index))
        const size = out.position - before
        out.view.setUint32(lengths + index * 4, size, true)
        if (size <= largestArgument) continue
        // Larger than it looked. What is encoded stays so: getters and serializers run once.
        encoded = encodedSoFar(out.bytes, out.view, lengths, args.length, index + 1)
        held = [...handles]
        break
      }
    } catch (error) {
      this.#takeBack(start, object)
      throw error
    } finally {
      this.#objects.writing = false
      handles.length = 0
    }
    if (encoded !== undefined) {
      this.#takeBack(start, object)
      return this.#invokeLarge(actor, method, args, encoded, held)
    }
    this.#end(start, method)
    return object
  }

  /** The call is not made. What has been written of it may have had consequences all the same. */
  #takeBack(start: number, object: RayObject): void {
    this.#connection.out.position = start
    object.share.counts = 0
    this.#objects.writing = false
    this.#objects.sayAside()
  }

  /** Stores what is large, and calls with refs to it. */
  #invokeLarge(
    actor: number,
    method: string,
    args: readonly unknown[],
    encoded: readonly Uint8Array<ArrayBuffer>[],
    held: readonly Held[],
  ): RayObject {
    const stored: RayObject[] = []
    try {
      const written = args.map((argument, index) => {
        const context = exportContext()
        const bytes = encoded[index] ?? this.#codec.encode(argument, context, argumentName(index))
        if (bytes.byteLength <= largestArgument) return bytes
        const object = this.#objects.putBytes(bytes, [...held, ...context.handles])
        object.retain()
        stored.push(object)
        return this.#codec.encode(new RefInPlace(object))
      })
      const object = this.#objects.create()
      const { out } = this.#connection
      const start = out.position
      const lengths = this.#begin(object, actor, method, args.length)
      for (const [index, bytes] of written.entries()) {
        out.view.setUint32(lengths + index * 4, bytes.byteLength, true)
        out.writeBytes(bytes)
      }
      this.#end(start, method)
      return object
    } finally {
      for (const object of stored) object.release()
    }
  }

  #begin(object: RayObject, actor: number, method: string, count: number): number {
    const known = this.#methods.get(method)
    const { size } = this.#methods
    if (known === undefined && size === mostMethods) {
      throw new RangeError(`more than ${mostMethods} different methods were called`)
    }
    const name = known === undefined ? method : undefined
    return beginInvoke(this.#connection.out, object.share.number, actor, known ?? size, name, count)
  }

  #end(start: number, method: string): void {
    const { out } = this.#connection
    endFrame(out, start)
    if (this.#objects.hasAside) {
      const frame = out.bytes.slice(start, out.position)
      out.position = start
      this.#objects.sayAside()
      out.writeBytes(frame)
    }
    if (!this.#methods.has(method)) this.#methods.set(method, this.#methods.size)
    this.#connection.wrote()
  }
}

/** Whether an argument is large at first sight, so that it is not even begun to be written where calls are. */
function isLarge(argument: unknown): boolean {
  if (typeof argument === 'string') return argument.length > largestArgument
  if (typeof argument !== 'object' || argument === null) return false
  if (Array.isArray(argument)) return argument.length > largestArgument
  if (ArrayBuffer.isView(argument) || argument instanceof ArrayBuffer) return argument.byteLength > largestArgument
  return argument instanceof Map || argument instanceof Set
    ? !(handleSymbol in argument) && argument.size > largestArgument
    : false
}

/** What a call fails with that could not be written. A ref that is an argument itself, and is lost, fails it as it would fail elsewhere. */
function lostArgument(error: unknown): unknown {
  if (!(error instanceof SerializationError) || !(error.cause instanceof ObjectLostError)) return error
  return /^args\[\d+\]$/.test(error.path ?? '') ? error.cause : error
}

/** Copies of the first arguments of a call that is being written. */
function encodedSoFar(
  bytes: Uint8Array<ArrayBuffer>,
  view: DataView,
  lengths: number,
  count: number,
  written: number,
): Uint8Array<ArrayBuffer>[] {
  const encoded: Uint8Array<ArrayBuffer>[] = []
  let position = lengths + count * 4
  for (let index = 0; index < written; index++) {
    const end = position + view.getUint32(lengths + index * 4, true)
    encoded.push(bytes.slice(position, end))
    position = end
  }
  return encoded
}
