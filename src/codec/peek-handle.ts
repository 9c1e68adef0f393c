import { ExtensionType } from './extension-types.ts'

/** The kind of the handle that an encoded value is at its top; undefined for any other value. Nothing is decoded. */
export function peekHandle(bytes: Uint8Array, start: number): number | undefined {
  const payload = payloadOf(bytes, start)
  // An array of two, whose first is a small integer: see docs/values.md.
  if (payload === undefined || bytes[payload] !== arrayOfTwo) return undefined
  const kind = bytes[payload + 1] as number
  return kind < 0x80 ? kind : undefined
}

const arrayOfTwo = 0x92

/** Where the payload of a handle's extension begins; undefined for anything else. */
function payloadOf(bytes: Uint8Array, start: number): number | undefined {
  const type = start + (bytesBeforeType[bytes[start] as number] ?? Number.NaN)
  return bytes[type] === ExtensionType.Handle ? type + 1 : undefined
}

/** By the first byte of an extension: how far its type is from there. */
const bytesBeforeType: Readonly<Record<number, number>> = {
  199: 2,
  200: 3,
  201: 5,
  212: 1,
  213: 1,
  214: 1,
  215: 1,
  216: 1,
}
