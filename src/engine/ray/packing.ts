import type { Codec } from '../../codec/codec.ts'
import type { EncodeContext, EncodedHandle, Handle } from '../../codec/handles.ts'
import { handleSymbol } from '../../codec/handles.ts'
import { SerializationError } from '../../errors.ts'
import type { HandleKind } from '../../wire/token.ts'
import { type ObjectPort, portOf } from '../object-engine.ts'
import { argumentName } from './arguments.ts'
import type { ArrivalContext } from './arrival-context.ts'
import type { RayClient } from './client.ts'
import type { Share } from './share.ts'

/** Arguments that Ray keeps and TypeScript reads (docs/gateway.md, "TypeScript inside the cluster"), on their way to the agent. */
export interface PackedArguments {
  /** Null: a ref that Ray resolves, the next of `resolved`. */
  readonly args: readonly (Uint8Array | null)[]
  /** What the handles in `args` stand for, by their indexes. */
  readonly handles: readonly Handle[]
  readonly resolved: readonly Handle[]
}

/** The same when they have arrived: handles are handles of this side, and refs have become values. */
export interface ArrivedArguments {
  readonly args: readonly (Uint8Array | null)[]
  readonly handles: readonly unknown[]
  readonly resolved: readonly unknown[]
}

/** Packs the arguments of one session. */
export class Packer {
  readonly #codec: Codec
  /** Tells handles that their value is being packed. There is nothing to take back: nothing has been announced. */
  readonly #discard = () => {}

  constructor(client: RayClient) {
    this.#codec = client.codec
    client.onAdopting(this.#discard, ({ handles }, kind, share) => this.#keep(handles as Handle[], kind, share))
  }

  /**
   * Takes a snapshot. What the handles stand for has to be held until the request with it has been written.
   *
   * @throws SerializationError when a part of an argument can not be encoded, with its path
   */
  pack(args: readonly unknown[]): PackedArguments {
    const handles: Handle[] = []
    const resolved: Handle[] = []
    const packed = args.map((argument, index) => {
      const name = argumentName(index)
      const object = portOf(argument)
      if (object === undefined) return this.#codec.encode(argument, this.#context(handles), name)
      resolved.push(this.#ref(object, name))
      return null
    })
    return { args: packed, handles, resolved }
  }

  #context(handles: Handle[]): EncodeContext {
    return { handles, discardHandles: this.#discard }
  }

  #ref(object: ObjectPort, name: string): Handle {
    const { codec } = object.engine as { readonly codec?: object }
    if (codec === this.#codec) return new HandleInPlace(object.export({}))
    throw new SerializationError(`${name} is a ref of another runtime`, { path: name })
  }

  #keep(handles: Handle[], kind: HandleKind, { number }: Share): EncodedHandle {
    const codec = this.#codec
    return { kind, body: handles.push(new HandleInPlace({ kind, body: number, codec })) - 1, codec }
  }
}

/**
 * Reads packed arguments.
 *
 * @throws SerializationError when they are not what {@link Packer.pack} makes, or need a serializer that is not here
 */
export function unpack(codec: Codec, { args, handles, resolved }: ArrivedArguments): unknown[] {
  const context: ArrivalContext = { packed: handles }
  let next = 0
  return args.map((bytes, index) => {
    if (bytes !== null) return codec.decode(bytes, 0, bytes.byteLength, context)
    if (next === resolved.length) {
      throw new SerializationError(`the value of ${argumentName(index)} is missing`, { path: argumentName(index) })
    }
    return resolved[next++]
  })
}

/** Stands for a handle whose number is known, in a place where the handle would be. */
class HandleInPlace implements Handle {
  readonly #encoded: EncodedHandle

  constructor(encoded: EncodedHandle) {
    this.#encoded = encoded
  }

  [handleSymbol](): EncodedHandle {
    return this.#encoded
  }
}
