import { markTransfer } from '../engine/transfer.ts'
import { show } from './arguments.ts'

/**
 * Says that `buffers`, which stand somewhere in `value`, move to the other side instead of being copied.
 *
 * Wherever values leave the thread: `put`, arguments of calls, results, messages of channels. The buffers are detached (their length is 0)
 * as soon as the value has been taken, even if it is not delivered in the end. The mark is used once. In process, where nothing is
 * copied, it has no effect; nor has it on a small array that was received, whose memory others share.
 *
 * @returns `value` itself
 * @throws TypeError when `value` is no object, or `buffers` are no ArrayBuffers
 * @throws RangeError when a buffer is detached already
 *
 * @example
 * ```ts
 * const pixels = new Uint8Array(64_000_000)
 * await tx.send(transfer({ pixels }, [pixels.buffer]))
 * console.log(pixels.length) // 0
 * ```
 */
export function transfer<T extends object>(value: T, buffers: readonly ArrayBuffer[]): T {
  if (typeof value !== 'object' || value === null) throw new TypeError(`'value' must be an object, got ${show(value)}`)
  if (!Array.isArray(buffers)) throw new TypeError(`'buffers' must be an array of ArrayBuffers, got ${show(buffers)}`)
  for (const [index, buffer] of buffers.entries()) {
    if (!(buffer instanceof ArrayBuffer))
      throw new TypeError(`'buffers[${index}]' must be an ArrayBuffer, got ${show(buffer)}`)
    if (isDetached(buffer)) throw new RangeError(`'buffers[${index}]' is detached already`)
  }
  markTransfer(value, buffers)
  return value
}

/** Anything with elements in a buffer. */
export type TypedArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | Float32Array
  | Float64Array

/** The same kind of array, over shared memory. */
export type Shared<T extends TypedArray> = T extends Int8Array
  ? Int8Array<SharedArrayBuffer>
  : T extends Uint8Array
    ? Uint8Array<SharedArrayBuffer>
    : T extends Uint8ClampedArray
      ? Uint8ClampedArray<SharedArrayBuffer>
      : T extends Int16Array
        ? Int16Array<SharedArrayBuffer>
        : T extends Uint16Array
          ? Uint16Array<SharedArrayBuffer>
          : T extends Int32Array
            ? Int32Array<SharedArrayBuffer>
            : T extends Uint32Array
              ? Uint32Array<SharedArrayBuffer>
              : T extends BigInt64Array
                ? BigInt64Array<SharedArrayBuffer>
                : T extends BigUint64Array
                  ? BigUint64Array<SharedArrayBuffer>
                  : T extends Float32Array
                    ? Float32Array<SharedArrayBuffer>
                    : Float64Array<SharedArrayBuffer>

/**
 * A copy of the array in shared memory. Wherever it goes, on this machine, it is not copied again: every thread that gets it sees the same
 * elements, and each other's writes to them. Use `Atomics` where that matters.
 *
 * @throws TypeError when `array` is no typed array
 *
 * @example
 * ```ts
 * const weights = shared(new Float64Array(10_000_000))
 * const ref = klaw.put(weights) // no copy
 * ```
 */
export function shared<T extends TypedArray>(array: T): Shared<T> {
  if (!ArrayBuffer.isView(array) || array instanceof DataView) {
    throw new TypeError(`'array' must be a typed array, got ${show(array)}`)
  }
  const Type = array.constructor as new (buffer: SharedArrayBuffer) => TypedArray & { set(from: TypedArray): void }
  const copy = new Type(new SharedArrayBuffer(array.byteLength))
  copy.set(array)
  return copy as Shared<T>
}

function isDetached(buffer: ArrayBuffer): boolean {
  // `detached` came with Node 22. A view on a detached buffer can not be made.
  if (buffer.byteLength > 0) return false
  try {
    new Uint8Array(buffer)
    return false
  } catch {
    return true
  }
}
