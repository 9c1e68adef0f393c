import fc from 'fast-check'

/** Strings of any code units, so with lone surrogates, of lengths on both sides of every header's limit. */
export const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 40 }).map((units) => String.fromCharCode(...units)),
  fc
    .tuple(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 3 }), fc.integer({ min: 0, max: 120 }))
    .map(([unit, times]) => unit.repeat(times)),
)

const number = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.constantFrom(
    -0,
    0,
    Number.NaN,
    Infinity,
    -Infinity,
    2 ** 31,
    2 ** 32,
    -(2 ** 31),
    2 ** 53,
    2 ** 63,
    -(2 ** 53),
    0.1,
  ),
  fc
    .integer({ min: 0, max: 53 })
    .chain((bits) => fc.constantFrom(2 ** bits, 2 ** bits - 1, -(2 ** bits), -(2 ** bits) - 1)),
)

const bigint = fc.oneof(
  fc.bigInt(),
  fc.bigInt({ min: -(2n ** 300n), max: 2n ** 300n }),
  fc.bigInt({ min: -129n, max: 256n }),
)

export const primitive = fc.oneof(fc.constantFrom(null, undefined, true, false), number, bigint, text)

/** Views, some of only a part of their buffer. */
const view = fc.oneof(
  fc.uint8Array(),
  fc.uint8ClampedArray(),
  fc.int8Array(),
  fc.uint16Array(),
  fc.int16Array(),
  fc.uint32Array(),
  fc.int32Array(),
  fc.float32Array(),
  fc.float64Array(),
  fc.bigInt64Array(),
  fc.bigUint64Array(),
  fc.uint8Array({ minLength: 4 }).map((bytes) => bytes.subarray(1, -1)),
  fc.uint8Array({ minLength: 4 }).map((bytes) => new DataView(bytes.buffer, 1, 2)),
)

export const leaf = fc.oneof(
  { weight: 6, arbitrary: primitive },
  fc.date({ noInvalidDate: false }),
  fc.constantFrom(/a/, /[\u{1f600}]/gu, /x\/y/dimsy, /(?:)/),
  view,
  fc.uint8Array().map((bytes) => bytes.slice().buffer),
  fc.oneof(number, text, fc.boolean(), bigint).map((value) => Object(value) as object),
)

const key = fc.oneof(
  fc.string(),
  fc.constantFrom('__proto__', 'constructor', 'toString', '0', '-1', 'length', ''),
  text,
)

/** Trees of everything. */
export const tree: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  tree: fc.oneof({ depthSize: 'small', withCrossShrink: true }, leaf, tie('container')),
  container: fc.oneof(
    fc.array(tie('tree'), { maxLength: 20 }),
    fc.array(fc.option(tie('tree'), { nil: undefined }), { maxLength: 6 }).map(withHoles),
    fc.dictionary(key, tie('tree'), { maxKeys: 20 }),
    fc.array(fc.tuple(tie('tree'), tie('tree')), { maxLength: 6 }).map((entries) => new Map(entries)),
    fc.array(tie('tree'), { maxLength: 6 }).map((elements) => new Set(elements)),
    fc
      .tuple(fc.string(), fc.option(tie('tree'), { nil: undefined }))
      .map(([message, cause]) => new RangeError(message, { cause })),
  ),
})).tree

function withHoles(array: unknown[]): unknown[] {
  for (const [index, element] of array.entries()) if (element === undefined) delete array[index]
  return array
}

type Kind = 'array' | 'object' | 'map' | 'set' | 'error'

interface Node {
  readonly kind: Kind
  /** Numbers are other nodes. */
  readonly edges: readonly (number | { readonly leaf: unknown })[]
}

/** Graphs: containers that hold each other any number of times, in circles too. */
export const graph = graphOf('array', 'object', 'map', 'set')

/** With errors among them: Node's structured clone cannot take a circle through an error. */
export const graphWithErrors = graphOf('array', 'object', 'map', 'set', 'error')

function graphOf(...kinds: Kind[]): fc.Arbitrary<unknown> {
  const edge = fc.oneof(
    { weight: 3, arbitrary: fc.nat({ max: 60 }) },
    leaf.map((value) => ({ leaf: value })),
  )
  const node = fc.record<Node>({ kind: fc.constantFrom(...kinds), edges: fc.array(edge, { maxLength: 6 }) })
  return fc.array(node, { minLength: 1, maxLength: 60 }).map(build)
}

function build(nodes: readonly Node[]): unknown {
  const made = nodes.map(({ kind }) => empty(kind))
  for (const [index, node] of nodes.entries()) {
    for (const [place, edge] of node.edges.entries()) {
      add(made[index] as object, place, typeof edge === 'number' ? made[edge % made.length] : edge.leaf)
    }
  }
  return made[0]
}

function empty(kind: Kind): object {
  return kind === 'array'
    ? []
    : kind === 'object'
      ? {}
      : kind === 'map'
        ? new Map()
        : kind === 'set'
          ? new Set()
          : new Error('node')
}

function add(container: object, place: number, value: unknown): void {
  if (Array.isArray(container)) container.push(value)
  else if (container instanceof Map) container.set(place % 2 === 0 ? value : place, value)
  else if (container instanceof Set) container.add(value)
  else if (container instanceof Error) container.cause = value
  else (container as Record<string, unknown>)[`key${place}`] = value
}
