import { writeExtensionHeader } from './binary-layout.ts'
import type { ByteWriter } from './byte-writer.ts'
import { ExtensionType } from './extension-types.ts'
import { isWellFormed, utf8Length, writeUtf8 } from './text.ts'

/** A loop over a string's characters beats a call into native code up to about this length. */
const shortString = 28
/** Above this a string's worst case (three bytes a character) is not reserved blindly. */
const longString = 64 * 1024

export function writeNumber(writer: ByteWriter, value: number): void {
  writer.reserve(9)
  const { bytes } = writer
  let { position } = writer
  if (value === (value | 0) && (value !== 0 || 1 / value > 0)) {
    if (value >= 0) {
      if (value < 0x80) bytes[position++] = value
      else if (value < 0x100) {
        bytes[position++] = 0xcc
        bytes[position++] = value
      } else if (value < 0x10000) {
        bytes[position++] = 0xcd
        bytes[position++] = value >>> 8
        bytes[position++] = value
      } else {
        bytes[position] = 0xce
        writer.view.setUint32(position + 1, value)
        position += 5
      }
    } else if (value >= -0x20) bytes[position++] = value
    else if (value >= -0x80) {
      bytes[position++] = 0xd0
      bytes[position++] = value
    } else if (value >= -0x8000) {
      bytes[position++] = 0xd1
      bytes[position++] = value >>> 8
      bytes[position++] = value
    } else {
      bytes[position] = 0xd2
      writer.view.setInt32(position + 1, value)
      position += 5
    }
  } else if (value > 0 && value <= 0xffffffff && value === value >>> 0) {
    bytes[position] = 0xce
    writer.view.setUint32(position + 1, value)
    position += 5
  } else if (Number.isSafeInteger(value) && value !== 0) {
    // So that Python sees an int. The low half of a negative number is its two's complement.
    bytes[position] = value < 0 ? 0xd3 : 0xcf
    writer.view.setInt32(position + 1, Math.floor(value / 2 ** 32))
    writer.view.setUint32(position + 5, value >>> 0)
    position += 9
  } else {
    bytes[position] = 0xcb
    writer.view.setFloat64(position + 1, value)
    position += 9
  }
  writer.position = position
}

export function writeString(writer: ByteWriter, value: string): void {
  const { length } = value
  if (length <= shortString) {
    // Reserved for the worst case, so that giving up half way needs no care.
    writer.reserve(2 + shortString * 3)
    const { bytes, position } = writer
    const start = position + 1
    let index = 0
    for (; index < length; index++) {
      const code = value.charCodeAt(index)
      if (code >= 0x80) break
      bytes[start + index] = code
    }
    if (index === length) {
      bytes[position] = 0xa0 | length
      writer.position = start + length
      return
    }
  }
  writeOtherString(writer, value)
}

export function writeSpecial(writer: ByteWriter, which: number): void {
  writer.reserve(3)
  const { bytes, position } = writer
  bytes[position] = 0xd4
  bytes[position + 1] = ExtensionType.Special
  bytes[position + 2] = which
  writer.position = position + 3
}

export function writeArrayHeader(writer: ByteWriter, length: number): void {
  writeHeader(writer, length, 0x90, 0xdc)
}

export function writeMapHeader(writer: ByteWriter, size: number): void {
  writeHeader(writer, size, 0x80, 0xde)
}

/** Anything but short ASCII. */
function writeOtherString(writer: ByteWriter, value: string): void {
  if (!isWellFormed(value)) {
    writeUtf16(writer, value)
    return
  }
  const { length } = value
  const size = length > longString ? utf8Length(value) : -1
  writer.reserve(5 + (size < 0 ? length * 3 : size))
  const start = writer.position
  // Where the text is put is right for ASCII; other text is moved when its header turns out longer.
  let header = stringHeaderLength(size < 0 ? length : size)
  const written = writeUtf8(writer.bytes, value, start + header)
  const needed = stringHeaderLength(written)
  if (needed !== header) {
    writer.bytes.copyWithin(start + needed, start + header, start + header + written)
    header = needed
  }
  const { bytes } = writer
  if (header === 1) bytes[start] = 0xa0 | written
  else if (header === 2) {
    bytes[start] = 0xd9
    bytes[start + 1] = written
  } else if (header === 3) {
    bytes[start] = 0xda
    writer.view.setUint16(start + 1, written)
  } else {
    bytes[start] = 0xdb
    writer.view.setUint32(start + 1, written)
  }
  writer.position = start + header + written
}

function writeUtf16(writer: ByteWriter, value: string): void {
  const { length } = value
  writeExtensionHeader(writer, ExtensionType.Utf16, length * 2)
  writer.reserve(length * 2)
  const { view, position } = writer
  for (let index = 0; index < length; index++) view.setUint16(position + index * 2, value.charCodeAt(index), true)
  writer.position = position + length * 2
}

/** Two's complement, big endian: eight bytes, or as many as are needed. */
export function writeBigInt(writer: ByteWriter, value: bigint): void {
  if (BigInt.asIntN(64, value) === value) {
    writeExtensionHeader(writer, ExtensionType.BigInt, 8)
    writer.reserve(8)
    writer.view.setBigInt64(writer.position, value)
    writer.position += 8
    return
  }
  const magnitude = value < 0n ? -value : value
  // One bit for the sign. Hexadecimal, because that takes time linear in the digits.
  const size = (magnitude.toString(16).length >>> 1) + 1
  const digits = BigInt.asUintN(size * 8, value)
    .toString(16)
    .padStart(size * 2, '0')
  writeExtensionHeader(writer, ExtensionType.BigInt, size)
  writer.reserve(size)
  for (let index = 0; index < size; index++) {
    writer.bytes[writer.position + index] = Number.parseInt(digits.slice(index * 2, index * 2 + 2), 16)
  }
  writer.position += size
}

function writeHeader(writer: ByteWriter, count: number, short: number, long: number): void {
  writer.reserve(5)
  const { bytes, position } = writer
  if (count < 16) {
    bytes[position] = short | count
    writer.position = position + 1
  } else if (count < 0x10000) {
    bytes[position] = long
    bytes[position + 1] = count >>> 8
    bytes[position + 2] = count
    writer.position = position + 3
  } else {
    bytes[position] = long + 1
    writer.view.setUint32(position + 1, count)
    writer.position = position + 5
  }
}

function stringHeaderLength(size: number): number {
  return size < 32 ? 1 : size < 0x100 ? 2 : size < 0x10000 ? 3 : 5
}
