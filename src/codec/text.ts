/**
 * Strings to UTF-8 and back, by Node's Buffer where there is one and by TextEncoder and TextDecoder elsewhere.
 * Calls into either cost about as much as a loop over twenty characters: short strings are the callers' own loops.
 */

interface NativeText {
  utf8Write?: ((this: Uint8Array, text: string, offset: number, length?: number) => number) | undefined
  utf8Slice?: ((this: Uint8Array, start: number, end: number) => string) | undefined
  byteLength?: ((text: string) => number) | undefined
}

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const { utf8Write, utf8Slice, byteLength } = findNative()

/** Writes a well-formed string at `position` and returns how many bytes it took. There must be room. */
export function writeUtf8(bytes: Uint8Array, text: string, position: number): number {
  if (utf8Write !== undefined) return utf8Write.call(bytes, text, position)
  return encoder.encodeInto(text, bytes.subarray(position)).written
}

/** Reads UTF-8; what is not UTF-8 becomes U+FFFD. */
export function readUtf8(bytes: Uint8Array, start: number, end: number): string {
  if (utf8Slice !== undefined) return utf8Slice.call(bytes, start, end)
  const part = bytes.subarray(start, end)
  // Browsers' decoders refuse shared memory.
  return decoder.decode(part.buffer instanceof ArrayBuffer ? part : part.slice())
}

/**
 * Reads up to 16 ASCII characters without a call into native code; undefined when one of them is not ASCII.
 */
export function readShortAscii(bytes: Uint8Array, start: number, length: number): string | undefined {
  let position = start
  let text = ''
  let rest = length
  if (rest >= 8) {
    const a = bytes[position] as number
    const b = bytes[position + 1] as number
    const c = bytes[position + 2] as number
    const d = bytes[position + 3] as number
    const e = bytes[position + 4] as number
    const f = bytes[position + 5] as number
    const g = bytes[position + 6] as number
    const h = bytes[position + 7] as number
    if ((a | b | c | d | e | f | g | h) >= 0x80) return undefined
    text = String.fromCharCode(a, b, c, d, e, f, g, h)
    if (rest >= 16) {
      const more = readShortAscii(bytes, position + 8, rest - 8)
      return more === undefined ? undefined : text + more
    }
    position += 8
    rest -= 8
  }
  if (rest >= 4) {
    const a = bytes[position] as number
    const b = bytes[position + 1] as number
    const c = bytes[position + 2] as number
    const d = bytes[position + 3] as number
    if ((a | b | c | d) >= 0x80) return undefined
    text += String.fromCharCode(a, b, c, d)
    position += 4
    rest -= 4
  }
  if (rest === 0) return text
  // One call for what is left: each concatenation copies.
  const a = bytes[position] as number
  const b = rest > 1 ? (bytes[position + 1] as number) : 0
  const c = rest > 2 ? (bytes[position + 2] as number) : 0
  if ((a | b | c) >= 0x80) return undefined
  if (rest === 1) return text + String.fromCharCode(a)
  return text + (rest === 2 ? String.fromCharCode(a, b) : String.fromCharCode(a, b, c))
}

/** The number of bytes of a well-formed string. */
export function utf8Length(text: string): number {
  return byteLength !== undefined ? byteLength(text) : encoder.encode(text).length
}

const loneSurrogate = /\p{Surrogate}/u
const nativeIsWellFormed = (String.prototype as { isWellFormed?: (this: string) => boolean }).isWellFormed

/** False for a string with a surrogate that is not part of a pair: UTF-8 cannot hold it. */
export function isWellFormed(text: string): boolean {
  return nativeIsWellFormed !== undefined ? nativeIsWellFormed.call(text) : !loneSurrogate.test(text)
}

/** Buffer's methods, if they work on plain Uint8Arrays here. */
function findNative(): NativeText {
  const Buffer = (globalThis as { Buffer?: { prototype: NativeText; byteLength?: (text: string) => number } }).Buffer
  if (Buffer === undefined) return {}
  try {
    const { prototype } = Buffer
    const sample = new Uint8Array(4)
    const written = prototype.utf8Write?.call(sample, 'é', 1)
    if (written !== 2 || sample[1] !== 0xc3 || prototype.utf8Slice?.call(sample, 1, 3) !== 'é') return {}
    return { utf8Write: prototype.utf8Write, utf8Slice: prototype.utf8Slice, byteLength: Buffer.byteLength }
  } catch {
    // A partial polyfill: TextEncoder and TextDecoder do.
    return {}
  }
}
