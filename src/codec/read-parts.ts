import type { Decoder } from './decoder.ts'

/** Reads an array's header; the elements follow. */
export function readArrayHeader(decoder: Decoder): number {
  const length = readCount(decoder, 0x90, 0xdc)
  if (length < 0) throw decoder.fail('an array is missing')
  if (length > decoder.end - decoder.position) throw decoder.truncated()
  return length
}

/** Reads a map's header; keys and values follow by turns. */
export function readMapHeader(decoder: Decoder): number {
  const size = readCount(decoder, 0x80, 0xde)
  if (size < 0) throw decoder.fail('a map is missing')
  if (size * 2 > decoder.end - decoder.position) throw decoder.truncated()
  return size
}

export function readString(decoder: Decoder): string {
  const value = decoder.readValue()
  if (typeof value !== 'string') throw decoder.fail('a string is missing')
  return value
}

/** Reads an integer from 0 to 2 ** 53 - 1. */
export function readLength(decoder: Decoder): number {
  const value = decoder.readValue()
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw decoder.fail('a length is missing')
  return value as number
}

/** -1 if another type stands there. */
function readCount(decoder: Decoder, short: number, long: number): number {
  const token = decoder.readUint(1)
  if ((token & 0xf0) === short) return token & 0x0f
  if (token === long) return decoder.readUint(2)
  return token === long + 1 ? decoder.readUint(4) : -1
}
