import fc from 'fast-check'
import { expect, test } from 'vitest'
import { unpickle } from '../../../src/engine/ray/bootstrap/pickle-reader.ts'
import { classFromSource, PyCall, PyFloat, PyGlobal, PyTuple } from '../../../src/engine/ray/bootstrap/pickle-values.ts'
import { pickle } from '../../../src/engine/ray/bootstrap/pickle-writer.ts'
import { SerializationError } from '../../../src/errors.ts'

const text = fc.string({ unit: 'binary' })
const scalar = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double({ noNaN: false }),
  fc.bigInt({ min: -(2n ** 700n), max: 2n ** 700n }).filter((value) => !Number.isSafeInteger(Number(value))),
  text,
  fc.uint8Array({ maxLength: 600 }),
)
const { value: anyValue } = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 4 }, scalar, tie('list'), tie('tuple'), tie('dict')),
  list: fc.array(tie('value'), { maxLength: 6 }),
  tuple: fc.array(tie('value'), { maxLength: 6 }).map((items) => new PyTuple(items)),
  dict: fc.array(fc.tuple(text, tie('value')), { maxLength: 6 }).map((entries) => new Map(entries)),
}))

test('what is written is read as it was', () => {
  fc.assert(
    fc.property(anyValue, (value) => {
      expect(unpickle(pickle(value))).toEqual(value)
    }),
    { numRuns: 500 },
  )
})

test('bytes that are no pickle are refused, and end', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        unpickle(bytes)
      } catch (error) {
        expect(error).toBeInstanceOf(SerializationError)
      }
    }),
    { numRuns: 2000 },
  )
})

test('a pickle that is cut or has one byte changed is refused, or is another value', () => {
  fc.assert(
    fc.property(anyValue, fc.nat(), fc.nat(255), (value, where, byte) => {
      const bytes = pickle(value)
      const cut = bytes.subarray(0, where % bytes.length)
      expect(() => unpickle(cut)).toThrow(SerializationError)
      bytes[where % bytes.length] = byte
      try {
        unpickle(bytes)
      } catch (error) {
        expect(error).toBeInstanceOf(SerializationError)
      }
    }),
    { numRuns: 500 },
  )
})

test('an object that occurs twice is one object, and circles close', () => {
  const shared = [1]
  const list: unknown[] = [shared, shared]
  list.push(list)
  const read = unpickle(pickle(list)) as unknown[][]
  expect(read[0]).toBe(read[1])
  expect(read[2]).toBe(read)
})

test('more than 256 objects are remembered', () => {
  const items = Array.from({ length: 300 }, (_, index) => [index])
  const read = unpickle(pickle([...items, items[299]])) as unknown[]
  expect(read[300]).toBe(read[299])
})

test('calls and globals are described, not made', () => {
  const call = unpickle(pickle(new PyCall(new PyGlobal('os', 'system'), ['true']))) as PyCall
  expect(call).toBeInstanceOf(PyCall)
  expect(call.callable).toEqual(new PyGlobal('os', 'system'))
  expect(call.args).toEqual(['true'])
})

test('a class from source is executed in the namespace that is then asked for it', () => {
  const read = unpickle(pickle(classFromSource('class A: pass', 'A', 'a.py'))) as PyCall
  expect(read.callable).toEqual(new PyGlobal('_operator', 'getitem'))
  expect(read.args).toEqual([new Map([['__name__', 'a']]), 'A'])
})

test('the bytes are those that Python understands', () => {
  const hex = (value: unknown) => Buffer.from(pickle(value)).toString('hex')
  expect(hex(null)).toBe('80044e2e')
  expect(hex(255)).toBe('80044bff2e')
  expect(hex(-1)).toBe('80044affffffff2e')
  expect(hex(2 ** 31)).toBe('80048a0500000080002e')
  expect(hex(1.5)).toBe('8004473ff80000000000002e')
  expect(hex(new PyFloat(1))).toBe('8004473ff00000000000002e')
  expect(hex('ä')).toBe('80048c02c3a42e')
  expect(hex({ a: new PyTuple([true]) })).toBe('80047d94288c0161888594752e')
})

test('what Python has no counterpart for is refused', () => {
  for (const value of [undefined, Symbol('s'), () => 1, new Date(), '\ud800']) {
    expect(() => pickle(value)).toThrow(SerializationError)
  }
  let deep: unknown = 1
  for (let level = 0; level < 1000; level += 1) deep = [deep]
  expect(() => pickle(deep)).toThrow('500 levels')
})

test('lengths that lie are refused without memory for them', () => {
  const huge = [0x80, 4, 0x8e, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0x2e]
  expect(() => unpickle(Uint8Array.from(huge))).toThrow(/bytes should follow/)
  const integer = [0x80, 4, 0x8b, 0xff, 0xff, 0xff, 0x7f, 0x2e]
  expect(() => unpickle(Uint8Array.from(integer))).toThrow(/integer/)
})
