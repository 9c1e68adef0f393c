/**
 * Objects with a method under this symbol are handles: a ref, an actor handle, a channel end. The method says what to send
 * instead. The codec looks for it on objects that are not plain, before it looks at anything else of them.
 */
export const handleSymbol: unique symbol = Symbol.for('klaw.handle')

/** What stands for a handle in a message: `body` is anything the codec can encode. */
export interface EncodedHandle {
  /** Which sort of handle, 0 to 255. */
  readonly kind: number
  readonly body: unknown
  /** The only codec that may write it, for handles that mean nothing, or something else, on another connection. */
  readonly codec?: object | undefined
}

/** An object that travels as a handle. */
export interface Handle {
  [handleSymbol](context: EncodeContext): EncodedHandle
}

/** Turns what was sent for a handle into a handle of this side. */
export interface HandleCodec {
  decode(kind: number, body: unknown, context: DecodeContext): unknown
}

/** What one message's encoding needs from, and leaves to, whoever sends it. */
export interface EncodeContext {
  /**
   * Collects what travels beside the bytes: SharedArrayBuffers, moved ArrayBuffers. Undefined: the transport cannot carry
   * anything, and a SharedArrayBuffer is an error.
   */
  readonly attachments?: unknown[] | undefined
  /** Buffers that move instead of being copied. Ignored where there are no attachments. */
  readonly transfer?: ReadonlySet<ArrayBuffer> | undefined
  /**
   * Handles' encoders may push here what must be announced, or released when the message is dropped. When the codec drops
   * a part that it had begun, or fails, it takes away what was pushed since and gives it to `discardHandles`.
   */
  readonly handles?: unknown[] | undefined
  readonly discardHandles?: ((handles: unknown[]) => void) | undefined
}

/** What one message's decoding needs from whoever received it. */
export interface DecodeContext {
  readonly attachments?: readonly unknown[] | undefined
  /** Typed arrays become views of the input bytes where alignment allows, instead of copies. */
  readonly borrow?: boolean | undefined
  /** Values of classes with a serializer become `KeptCustom`s, which can be sent on. */
  readonly keepCustom?: boolean | undefined
}
