/** What the bytes of a buffer are read as. The codes are part of the wire format. */
export interface ElementKind {
  readonly code: number
  /** The class's name, also for finding it. */
  readonly name: string
  /** Bytes. */
  readonly size: number
  readonly prototype: object
  readonly create: (buffer: ArrayBufferLike, byteOffset: number, length: number) => ArrayBufferView
}

/** Code 0: the buffer itself, not a view of it. */
export const arrayBufferCode = 0

type ViewClass = { prototype: object } & (new (
  buffer: ArrayBufferLike,
  byteOffset: number,
  length: number,
) => ArrayBufferView)

function kind(code: number, size: number, Class: ViewClass): ElementKind {
  return {
    code,
    name: Class.name,
    prototype: Class.prototype as object,
    size,
    create: (buffer, byteOffset, length) => new Class(buffer, byteOffset, length),
  }
}

function kinds(): ElementKind[] {
  const all = [
    kind(1, 1, DataView),
    kind(2, 1, Uint8Array),
    kind(3, 1, Uint8ClampedArray),
    kind(4, 1, Int8Array),
    kind(5, 2, Uint16Array),
    kind(6, 2, Int16Array),
    kind(7, 4, Uint32Array),
    kind(8, 4, Int32Array),
    kind(9, 8, BigUint64Array),
    kind(10, 8, BigInt64Array),
    kind(12, 4, Float32Array),
    kind(13, 8, Float64Array),
  ]
  // Newer than Node 20; only a machine that has it can hold it.
  const Float16Array = (globalThis as { Float16Array?: ViewClass }).Float16Array
  if (Float16Array !== undefined) all.push(kind(11, 2, Float16Array))
  return all
}

/** One past the highest code. */
export const elementKindCodes = 14

const byCode: readonly (ElementKind | undefined)[] = kinds().reduce<(ElementKind | undefined)[]>((table, entry) => {
  table[entry.code] = entry
  return table
}, new Array(elementKindCodes).fill(undefined))
const byPrototype: ReadonlyMap<object, ElementKind> = new Map(kinds().map((entry) => [entry.prototype, entry]))
const byName: ReadonlyMap<string, ElementKind> = new Map(kinds().map((entry) => [entry.name, entry]))
const typedArrayTag = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag)!
  .get as (this: unknown) => string | undefined

/** The kind with that code, or undefined when this machine does not know it. */
export function elementKindByCode(code: number): ElementKind | undefined {
  return byCode[code]
}

/** The kind of a view; subclasses count as what they extend, so a Node Buffer is a Uint8Array. */
export function elementKindOf(view: ArrayBufferView): ElementKind | undefined {
  const exact = byPrototype.get(Object.getPrototypeOf(view) as object)
  if (exact !== undefined) return exact
  // The internal slot's name: neither subclasses nor other realms can fool it. A DataView has none.
  return byName.get(typedArrayTag.call(view) ?? 'DataView')
}
