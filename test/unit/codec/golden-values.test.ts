import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { Codec } from '../../../src/codec/codec.ts'
import { ExtensionType } from '../../../src/codec/extension-types.ts'
import { goldenValues } from './golden-values.ts'
import { difference } from './support/difference.ts'

const folder = new URL('../../fixtures/values/', import.meta.url)
const codec = new Codec()
const values = goldenValues()
const descriptions = values.map(({ value: _, ...description }) => description)

// The files are the contract with the codec in Python: a change of one is a change of the format.
if (process.env.UPDATE_GOLDEN === '1') {
  mkdirSync(folder, { recursive: true })
  for (const { name, value } of values) writeFileSync(new URL(`${name}.bin`, folder), codec.encode(value))
  writeFileSync(new URL('values.json', folder), `${JSON.stringify(descriptions, undefined, 2)}\n`)
}

test('the folder holds exactly the values that are described', () => {
  const files = readdirSync(folder).filter((file) => file.endsWith('.bin'))
  expect(files.sort()).toEqual(values.map(({ name }) => `${name}.bin`).sort())
  expect(JSON.parse(readFileSync(new URL('values.json', folder), 'utf8'))).toEqual(descriptions)
})

test.each(values.map((entry) => [entry.name, entry.value]))('%s is written as in its file', (name, value) => {
  expect(Buffer.from(codec.encode(value)).toString('hex')).toBe(golden(name).toString('hex'))
})

test.each(values.map((entry) => [entry.name, entry.value]))('%s is read from its file', (name, value) => {
  expect(difference(codec.decode(golden(name)), value)).toBeUndefined()
})

test('the numbers of the extension types are those of the format', () => {
  expect(ExtensionType).toEqual({
    Timestamp: -1,
    Special: 0,
    Definition: 1,
    Reference: 2,
    BigInt: 3,
    Utf16: 4,
    Map: 5,
    Set: 6,
    RegExp: 7,
    Boxed: 8,
    Error: 9,
    Binary: 10,
    View: 11,
    Attachment: 12,
    SparseArray: 13,
    Handle: 14,
    Custom: 15,
    NdArray: 32,
    LocalDateTime: 33,
    Decimal: 34,
    Uuid: 35,
    PyObject: 36,
  })
})

function golden(name: string): Buffer {
  return readFileSync(new URL(`${name}.bin`, folder))
}
