import type { EncodedValue } from '../../wire/token.ts'

/** Values of at least this many bytes count as large: they are kept where every thread can read them, and counted. */
export const largeValue = 64 * 1024

/** A value as the object store keeps it: to be read many times. */
export interface StoredValue extends EncodedValue {
  /** The attachments (by their index) of which every reader gets a copy. The others are shared by all readers. */
  readonly copied?: readonly number[] | undefined
}

/** How many bytes the store holds for the value. Shared buffers belong to whoever made them, and are not counted. */
export function storedSize(value: StoredValue): number {
  let size = value.bytes.byteLength
  for (const index of value.copied ?? []) size += buffer(value, index).byteLength
  return size
}

/** Takes a value over into the store: what was moved in is copied to each reader from now on. */
export function toStored(value: EncodedValue): StoredValue {
  const { attachments } = value
  if (attachments === undefined || attachments.length === 0) return value
  const copied = attachments.flatMap((attachment, index) => (attachment instanceof ArrayBuffer ? [index] : []))
  return copied.length === 0 ? value : { ...value, copied }
}

/** The value in a form that crosses threads without copying what is large. */
export function toShared(value: StoredValue): StoredValue {
  const { bytes, attachments, copied, tokens } = value
  return {
    bytes: bytes.byteLength >= largeValue ? shared(bytes) : bytes,
    tokens,
    copied,
    attachments: attachments?.map((attachment) =>
      attachment instanceof ArrayBuffer ? shared(new Uint8Array(attachment)).buffer : attachment,
    ),
  }
}

/** The value for one reader, who may keep, change or move its attachments. */
export function toReader(value: StoredValue): EncodedValue {
  if (value.copied === undefined) return value
  const attachments = [...(value.attachments ?? [])]
  for (const index of value.copied) {
    const source = new Uint8Array(buffer(value, index))
    const copy = new Uint8Array(source.byteLength)
    copy.set(source)
    attachments[index] = copy.buffer
  }
  return { bytes: value.bytes, attachments, tokens: value.tokens }
}

function buffer(value: StoredValue, index: number): ArrayBuffer | SharedArrayBuffer {
  return value.attachments?.[index] as ArrayBuffer | SharedArrayBuffer
}

function shared(bytes: Uint8Array): Uint8Array<SharedArrayBuffer> {
  if (bytes.buffer instanceof SharedArrayBuffer) return bytes as Uint8Array<SharedArrayBuffer>
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.byteLength))
  copy.set(bytes)
  return copy
}
