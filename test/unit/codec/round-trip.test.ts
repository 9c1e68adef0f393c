import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ByteWriter } from '../../../src/codec/byte-writer.ts'
import { Codec } from '../../../src/codec/codec.ts'
import { graph, graphWithErrors, primitive, text, tree } from './support/arbitraries.ts'
import { difference } from './support/difference.ts'

const codec = new Codec()
const runs = { numRuns: 1000 }

function roundTrip(value: unknown): unknown {
  return codec.decode(codec.encode(value))
}

test('strings come back as they were', () => {
  fc.assert(
    fc.property(text, (value) => roundTrip(value) === value),
    runs,
  )
})

test('primitives come back as they were', () => {
  fc.assert(
    fc.property(primitive, (value) => Object.is(roundTrip(value), value)),
    runs,
  )
})

test('trees come back as structured clone returns them', () => {
  fc.assert(
    fc.property(tree, (value) => {
      expect(difference(roundTrip(value), structuredClone(value))).toBeUndefined()
    }),
    runs,
  )
})

test('graphs come back as structured clone returns them', () => {
  fc.assert(
    fc.property(graph, (value) => {
      expect(difference(roundTrip(value), structuredClone(value))).toBeUndefined()
    }),
    runs,
  )
})

test('graphs with errors in them come back as they were', () => {
  fc.assert(
    fc.property(graphWithErrors, (value) => {
      expect(difference(roundTrip(value), value)).toBeUndefined()
    }),
    runs,
  )
})

test('values stand one after the other in a writer, and are found again by their positions', () => {
  const writer = new ByteWriter(1)
  fc.assert(
    fc.property(fc.array(fc.oneof(tree, graph), { maxLength: 5 }), (values) => {
      writer.reset()
      const ends = values.map((value) => {
        codec.encodeInto(writer, value)
        return writer.position
      })
      for (const [index, value] of values.entries()) {
        const decoded = codec.decode(writer.bytes, ends[index - 1] ?? 0, ends[index])
        expect(difference(decoded, structuredClone(value))).toBeUndefined()
      }
    }),
    { numRuns: 200 },
  )
})

test('encoding changes nothing about the value, and gives the same bytes twice', () => {
  fc.assert(
    fc.property(graph, (value) => {
      const before = structuredClone(value)
      expect(codec.encode(value)).toEqual(codec.encode(value))
      expect(difference(value, before)).toBeUndefined()
    }),
    { numRuns: 200 },
  )
})

test('the comparison that these tests rest on sees differences', () => {
  const shared = {}
  expect(difference([shared, shared], [shared, {}])).toBe('value[1]: another identity')
  expect(difference([{}, {}], [shared, shared])).toBe('value[1]: another identity')
  expect(difference([0], [-0])).toBe('value[0]: 0 instead of -0')
  expect(difference([undefined], new Array(1))).toBe('value: keys [0] instead of []')
  expect(difference(new Map([[1, 2]]), new Map([[1, 3]]))).toBe('value.entries()[1]: 2 instead of 3')
  expect(difference(new Uint8Array(2), new Int8Array(2))).toBe('value: another class')
})
