import { closeNested, nestedHeaderLength, openNested, writeBinary, writeViewHead } from './binary-layout.ts'
import type { ByteWriter } from './byte-writer.ts'
import { arrayBufferCode, elementKindOf } from './element-kinds.ts'
import { ExtensionType } from './extension-types.ts'
import type { References } from './references.ts'

/** A stretch of the encoded message that changes. They nest properly, as the values do. */
interface Interval {
  readonly start: number
  readonly end: number
  readonly change: 'define' | 'relength' | 'share'
  /** For `share`: the view whose buffer is written here. */
  readonly view?: ArrayBufferView
}

/**
 * Turns a message in which objects came up more than once into its final form: each such object gets a definition around
 * it, each reference its number, and a view whose buffer is used elsewhere gets the buffer inside. The encoder works in
 * one pass, so that getters and serializers run once and plain messages cost nothing; this pass moves bytes only, by way of
 * the scratch writer `out`.
 */
export function weave(writer: ByteWriter, origin: number, references: References, out: ByteWriter): void {
  const defined = number(writer, references)
  const source = writer.bytes
  out.limit = writer.limit
  const open: { start: number; end: number }[] = []
  let copied = origin

  const copyTo = (end: number): void => {
    out.writeBytes(source.subarray(copied, end))
    copied = end
  }
  const closeUpTo = (position: number): void => {
    for (let last = open.at(-1); last !== undefined && last.end <= position; last = open.at(-1)) {
      copyTo(last.end)
      closeNested(out, last.start)
      open.pop()
    }
  }

  for (const { start, end, change, view } of intervals(references, defined)) {
    closeUpTo(start)
    copyTo(start)
    if (change === 'share') {
      writeSharedView(out, view as ArrayBufferView)
      copied = end
      continue
    }
    open.push({ start: out.position, end })
    if (change === 'define') openNested(out, ExtensionType.Definition)
    else copyTo(start + nestedHeaderLength)
  }
  closeUpTo(writer.position)
  copyTo(writer.position)
  writer.position = origin
  writer.writeBytes(out.bytes.subarray(0, out.position))
  out.reset()
}

/** Numbers the objects that are referred to, in the order in which they stand, and writes the numbers into the references. */
function number(writer: ByteWriter, references: References): Set<number> {
  const { uses, starts } = references
  const used = new Set<number>()
  for (let index = 1; index < uses.length; index += 2) used.add(uses[index] as number)
  // A buffer has the start of the view that it stands in, and comes after it.
  const inOrder = [...used].sort((a, b) => (starts[a] as number) - (starts[b] as number) || a - b)
  const numbers = new Map(inOrder.map((index, place) => [index, place]))
  for (let index = 0; index < uses.length; index += 2) {
    writer.view.setUint32(uses[index] as number, numbers.get(uses[index + 1] as number) as number)
  }
  return used
}

function intervals(references: References, defined: ReadonlySet<number>): Interval[] {
  const { starts, ends, nested, viewed } = references
  const buffers = new Set<number>()
  const all: Interval[] = []
  for (let index = 0; index < viewed.length; index += 2) {
    const view = viewed[index] as number
    const buffer = viewed[index + 1] as number
    if (!defined.has(buffer)) continue
    buffers.add(buffer)
    all.push({
      start: starts[view] as number,
      end: ends[view] as number,
      change: 'share',
      view: references.object(view) as ArrayBufferView,
    })
  }
  for (const index of defined) {
    if (!buffers.has(index)) all.push({ start: starts[index] as number, end: ends[index] as number, change: 'define' })
  }
  for (let index = 0; index < nested.length; index += 2) {
    all.push({ start: nested[index] as number, end: nested[index + 1] as number, change: 'relength' })
  }
  return all.sort((a, b) => a.start - b.start || b.end - a.end || rank(a) - rank(b))
}

/** An object's definition stands around its own extension. */
function rank(interval: Interval): number {
  return interval.change === 'define' ? 0 : 1
}

function writeSharedView(out: ByteWriter, view: ArrayBufferView): void {
  const kind = elementKindOf(view)!
  const start = openNested(out, ExtensionType.View)
  writeViewHead(out, kind.code, view.byteOffset, view.byteLength / kind.size)
  const buffer = openNested(out, ExtensionType.Definition)
  // Another origin than the message's, so borrowing may not work here: sharing and borrowing exclude each other anyway.
  writeBinary(out, arrayBufferCode, new Uint8Array(view.buffer), 0)
  closeNested(out, buffer)
  closeNested(out, start)
}
