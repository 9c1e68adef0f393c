import { SerializationError } from '../errors.ts'
import type { ByteWriter } from './byte-writer.ts'
import { extensionReader } from './decode-extension.ts'
import { Decoder, type DecoderOptions } from './decoder.ts'
import { writeObject } from './encode-object.ts'
import { Encoder, type EncoderOptions } from './encoder.ts'
import type { DecodeContext, EncodeContext, HandleCodec } from './handles.ts'
import { KeyCache } from './key-cache.ts'
import { KeyWriter } from './key-writer.ts'
import type { SerializerRegistry } from './serializer-registry.ts'
import { Shapes } from './shapes.ts'
import { Slab } from './slab.ts'

export { type EncodeContext, handleSymbol } from './handles.ts'

/** How large a value may be. What is over a limit is a `SerializationError`, on both sides. */
export interface CodecLimits {
  /** Levels of nesting, 1 to 10,000. Default 512. */
  readonly maxDepth?: number | undefined
  /** Bytes of one encoded value. Default 2 GiB - 1. */
  readonly maxBytes?: number | undefined
}

export interface CodecOptions {
  readonly serializers?: SerializerRegistry | undefined
  /** Without it a message that holds a handle cannot be decoded. */
  readonly handles?: HandleCodec | undefined
  readonly limits?: CodecLimits | undefined
}

const defaultMaxDepth = 512
const defaultMaxBytes = 2 ** 31 - 1
const nothing = Object.freeze({})

/**
 * Values to bytes and back: MessagePack with the extension types of `docs/values.md`. Takes everything that structured
 * clone takes, keeps identity and cycles, and adds custom serializers and handles.
 *
 * @example
 * ```ts
 * const codec = new Codec()
 * codec.decode(codec.encode({ when: new Date(), tags: new Set(['a']) }))
 * ```
 */
export class Codec {
  readonly #encoderOptions: EncoderOptions
  readonly #decoderOptions: DecoderOptions
  readonly #maxBytes: number
  /** Those not in use: getters, serializers and handles may call the codec while it is at work. */
  readonly #encoders: Encoder[] = []
  readonly #decoders: Decoder[] = []

  /** @throws {RangeError} when a limit is out of range */
  constructor(options: CodecOptions = {}) {
    const { serializers, handles, limits = {} } = options
    const maxDepth = checkLimit('maxDepth', limits.maxDepth ?? defaultMaxDepth, 10_000)
    this.#maxBytes = checkLimit('maxBytes', limits.maxBytes ?? defaultMaxBytes, 2 ** 32 - 1)
    this.#encoderOptions = {
      maxDepth,
      maxBytes: this.#maxBytes,
      serializers,
      keys: new KeyWriter(),
      writeObject,
      codec: this,
    }
    this.#decoderOptions = {
      maxDepth,
      keys: new KeyCache(),
      shapes: new Shapes(),
      slab: new Slab(),
      readExtension: extensionReader(serializers, handles),
    }
  }

  /**
   * Encodes a value as bytes of their own.
   *
   * @param rootName what error paths call the value, as in `args[0].user`
   * @param rootName what error paths call the value, as in `args[0].user`
   * @throws {SerializationError} when a part of it cannot be encoded; the error's `path` says which
   */
  encode(value: unknown, context: EncodeContext = nothing, rootName = 'value'): Uint8Array<ArrayBuffer> {
    const encoder = this.#encoders.pop() ?? new Encoder(this.#encoderOptions)
    try {
      encoder.scratch.reset()
      encoder.encode(encoder.scratch, value, context, rootName)
      return encoder.scratch.take()
    } finally {
      this.#encoders.push(encoder)
    }
  }

  /**
   * Appends an encoded value to the writer. On failure the writer is left as it was.
   *
   * @param rootName what error paths call the value, as in `args[0].user`
   * @throws {SerializationError} when a part of the value cannot be encoded; the error's `path` says which
   */
  encodeInto(writer: ByteWriter, value: unknown, context: EncodeContext = nothing, rootName = 'value'): void {
    const encoder = this.#encoders.pop() ?? new Encoder(this.#encoderOptions)
    try {
      encoder.encode(writer, value, context, rootName)
    } finally {
      this.#encoders.push(encoder)
    }
  }

  /**
   * Decodes the one value that stands from `start` to `end`. Any bytes may be given: nothing is trusted.
   *
   * @throws {SerializationError} when the bytes are not a value, or need a serializer or handles that are not here
   */
  decode(bytes: Uint8Array, start = 0, end = bytes.length, context: DecodeContext = nothing): unknown {
    if (!(start >= 0 && start <= end && end <= bytes.length)) {
      throw new RangeError(
        `'start' and 'end' must lie within the ${bytes.length} bytes, in order, not ${start} and ${end}`,
      )
    }
    if (end - start > this.#maxBytes) {
      const message = `the value has ${end - start} bytes, the limit is ${this.#maxBytes} bytes`
      throw new SerializationError(message, { path: 'value' })
    }
    const decoder = this.#decoders.pop() ?? new Decoder(this.#decoderOptions)
    try {
      return decoder.decode(plainBytes(bytes), start, end, context)
    } finally {
      this.#decoders.push(decoder)
    }
  }
}

/** A Node Buffer's methods mean other things than a Uint8Array's of the same name. */
function plainBytes(bytes: Uint8Array): Uint8Array {
  if (bytes.constructor === Uint8Array) return bytes
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function checkLimit(name: string, value: number, largest: number): number {
  if (Number.isSafeInteger(value) && value >= 1 && value <= largest) return value
  throw new RangeError(`'${name}' must be an integer from 1 to ${largest}, not ${value}`)
}
