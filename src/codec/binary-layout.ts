import type { ByteWriter } from './byte-writer.ts'
import { ExtensionType } from './extension-types.ts'

/** What every extension with values inside starts with: the token, four bytes of length, the type. */
export const nestedHeaderLength = 6
/** A definition's header, with padding: it must not disturb the alignment of what follows. */
export const definitionHeaderLength = 8

const largestElement = 8

/** Writes the header of an extension whose payload has that length. */
export function writeExtensionHeader(writer: ByteWriter, type: number, length: number): void {
  writer.reserve(nestedHeaderLength)
  const { bytes } = writer
  let position = writer.position
  const fixed =
    length === 1 ? 0xd4 : length === 2 ? 0xd5 : length === 4 ? 0xd6 : length === 8 ? 0xd7 : length === 16 ? 0xd8 : 0
  if (fixed !== 0) bytes[position++] = fixed
  else if (length < 0x100) {
    bytes[position++] = 0xc7
    bytes[position++] = length
  } else if (length < 0x10000) {
    bytes[position++] = 0xc8
    bytes[position++] = length >>> 8
    bytes[position++] = length
  } else {
    bytes[position++] = 0xc9
    writer.view.setUint32(position, length)
    position += 4
  }
  bytes[position++] = type
  writer.position = position
}

/** Writes the header of a nested extension or a definition; its length is written when what is inside is known. */
export function openNested(writer: ByteWriter, type: number): number {
  const start = writer.position
  writer.reserve(definitionHeaderLength)
  writer.bytes[start] = 0xc9
  writer.bytes[start + 5] = type
  writer.position = start + nestedHeaderLength
  if (type === ExtensionType.Definition) {
    writer.bytes.fill(0, writer.position, start + definitionHeaderLength)
    writer.position = start + definitionHeaderLength
  }
  return start
}

/** Writes the length of what has been written since {@link openNested} returned `start`. */
export function closeNested(writer: ByteWriter, start: number): void {
  writer.view.setUint32(start + 1, writer.position - start - nestedHeaderLength)
}

/**
 * Writes a {@link ExtensionType.Binary}: element code, the number of padding bytes, padding, the bytes.
 * The padding puts the bytes at a multiple of eight from the start of the message (`origin`).
 */
export function writeBinary(writer: ByteWriter, code: number, content: Uint8Array, origin: number): void {
  const { length } = content
  const headerLength = length < 0x100 - 2 - largestElement ? 3 : length < 0x10000 - 2 - largestElement ? 4 : 6
  const padding = -(writer.position + headerLength + 2 - origin) & (largestElement - 1)
  const payload = 2 + padding + length
  writer.reserve(headerLength + payload)
  const { bytes } = writer
  let position = writer.position
  bytes[position++] = headerLength === 3 ? 0xc7 : headerLength === 4 ? 0xc8 : 0xc9
  if (headerLength === 3) bytes[position++] = payload
  else if (headerLength === 4) {
    writer.view.setUint16(position, payload)
    position += 2
  } else {
    writer.view.setUint32(position, payload)
    position += 4
  }
  bytes[position++] = ExtensionType.Binary
  bytes[position++] = code
  bytes[position++] = padding
  for (let index = 0; index < padding; index++) bytes[position++] = 0
  writer.position = position
  writer.writeBytes(content)
}

/** Writes the inside of a {@link ExtensionType.View} but for the buffer, which follows. `length` counts elements. */
export function writeViewHead(writer: ByteWriter, code: number, byteOffset: number, length: number): void {
  writer.reserve(20)
  writer.bytes[writer.position++] = 0x94
  writer.bytes[writer.position++] = code
  for (const size of [byteOffset, length]) {
    writer.bytes[writer.position++] = 0xcf
    writer.view.setUint32(writer.position, Math.floor(size / 2 ** 32))
    writer.view.setUint32(writer.position + 4, size >>> 0)
    writer.position += 8
  }
}

/** Writes the four bytes that follow a reference's header. */
export function writeReferenceHeader(writer: ByteWriter): number {
  writer.reserve(6)
  writer.bytes[writer.position++] = 0xd6
  writer.bytes[writer.position++] = ExtensionType.Reference
  const at = writer.position
  writer.position = at + 4
  return at
}
