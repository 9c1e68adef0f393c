import { writeBinary, writeExtensionHeader, writeReferenceHeader, writeViewHead } from './binary-layout.ts'
import { tagOf } from './brands.ts'
import { arrayBufferCode, type ElementKind, elementKindOf } from './element-kinds.ts'
import type { Encoder } from './encoder.ts'
import { ExtensionType } from './extension-types.ts'
import { isSlab } from './slab.ts'
import { writeArrayHeader, writeNumber } from './write-scalars.ts'

/** Slices of Node's common pool: their buffer is shared by accident, and holds what belongs to others. */
const bufferPrototype = (globalThis as { Buffer?: { prototype: object } }).Buffer?.prototype
const uint8ArrayCode = 2

/** Writes an ArrayBuffer or a SharedArrayBuffer. */
export function writeBuffer(encoder: Encoder, buffer: ArrayBufferLike): void {
  if (writeAttachment(encoder, buffer)) return
  refuseDetached(encoder, buffer)
  if (isSlab(buffer)) {
    throw encoder.fail(
      'the buffer has small arrays in it that were received: send the array, or the buffer of its slice()',
    )
  }
  writeBinary(encoder.writer, arrayBufferCode, new Uint8Array(buffer), encoder.origin)
}

/** Writes a typed array or a DataView. */
export function writeView(encoder: Encoder, view: ArrayBufferView): void {
  const kind = elementKindOf(view)
  if (kind === undefined) throw encoder.fail(`a ${tagOf(view)} cannot be sent`)
  const shape = Object.hasOwn(view, 'shape') ? (view as { shape?: unknown }).shape : undefined
  if (shape === undefined || !isShape(shape, view.byteLength / kind.size)) {
    writeFlatView(encoder, view, kind, true)
    return
  }
  encoder.writeNested(ExtensionType.NdArray, () => {
    writeArrayHeader(encoder.writer, 2)
    writeArrayHeader(encoder.writer, shape.length)
    for (const size of shape) writeNumber(encoder.writer, size)
    writeFlatView(encoder, view, kind, false)
  })
}

function writeFlatView(encoder: Encoder, view: ArrayBufferView, kind: ElementKind, mayShare: boolean): void {
  const { buffer, byteOffset, byteLength } = view
  const { writer, references } = encoder
  if (goesBeside(encoder, buffer)) {
    encoder.writeNested(ExtensionType.View, () => {
      writeViewHead(writer, kind.code, byteOffset, byteLength / kind.size)
      writeAttachment(encoder, buffer)
    })
    return
  }
  if (byteLength === 0) refuseDetached(encoder, buffer)
  if (mayShare && Object.getPrototypeOf(view) !== bufferPrototype && !isSlab(buffer)) {
    const index = references.count - 1
    const seen = references.track(buffer, writer.position)
    if (seen >= 0) {
      encoder.writeNested(ExtensionType.View, () => {
        writeViewHead(writer, kind.code, byteOffset, byteLength / kind.size)
        references.uses.push(writeReferenceHeader(writer), seen)
      })
      return
    }
    // The view's own bytes, for now. Should the buffer come up again, weaving puts the whole buffer here.
    references.viewed.push(index, index + 1)
  }
  const bytes = kind.code === uint8ArrayCode ? (view as Uint8Array) : new Uint8Array(buffer, byteOffset, byteLength)
  if (kind.code === uint8ArrayCode) writeBytes(encoder, bytes)
  else writeBinary(writer, kind.code, bytes, encoder.origin)
}

/** MessagePack's own type for bytes. */
function writeBytes({ writer }: Encoder, bytes: Uint8Array): void {
  const { length } = bytes
  writer.reserve(length + 5)
  const target = writer.bytes
  let { position } = writer
  if (length < 0x100) {
    target[position++] = 0xc4
    target[position++] = length
  } else if (length < 0x10000) {
    target[position++] = 0xc5
    target[position++] = length >>> 8
    target[position++] = length
  } else {
    target[position++] = 0xc6
    writer.view.setUint32(position, length)
    position += 4
  }
  writer.position = position
  writer.writeBytes(bytes)
}

/** Whether a buffer travels beside the bytes: because it is shared, or because it was marked to move. */
function goesBeside(encoder: Encoder, buffer: ArrayBufferLike): boolean {
  const { attachments, transfer } = encoder.context
  if (attachments !== undefined && transfer?.has(buffer as ArrayBuffer) === true) return true
  return isShared(buffer)
}

/** Writes a buffer as an attachment, if that is how it travels. */
function writeAttachment(encoder: Encoder, buffer: ArrayBufferLike): boolean {
  if (!goesBeside(encoder, buffer)) return false
  const { attachments } = encoder.context
  if (attachments === undefined) {
    throw encoder.fail(
      'a SharedArrayBuffer (or a view of one) cannot be sent here: the other side shares no memory with this one',
    )
  }
  let index = attachments.indexOf(buffer)
  if (index < 0) index = attachments.push(buffer) - 1
  const { writer } = encoder
  writeExtensionHeader(writer, ExtensionType.Attachment, 4)
  writer.reserve(4)
  writer.view.setUint32(writer.position, index)
  writer.position += 4
  return true
}

function isShared(buffer: ArrayBufferLike): boolean {
  // The tag is for other realms' buffers.
  return !(buffer instanceof ArrayBuffer) && tagOf(buffer) === 'SharedArrayBuffer'
}

function refuseDetached(encoder: Encoder, buffer: ArrayBufferLike): void {
  if (buffer.byteLength !== 0 || isShared(buffer)) return
  try {
    // The one thing that tells a detached buffer from an empty one on Node 20.
    new Uint8Array(buffer)
  } catch {
    throw encoder.fail('the buffer was transferred away')
  }
}

function isShape(shape: unknown, length: number): shape is readonly number[] {
  if (!Array.isArray(shape)) return false
  const sizes = shape as unknown[]
  if (!sizes.every((size) => Number.isSafeInteger(size) && (size as number) >= 0)) return false
  return (sizes as number[]).reduce((product, size) => product * size, 1) === length
}
