import { expect, test } from 'vitest'
import { ByteWriter } from '../../../src/codec/byte-writer.ts'
import { Codec } from '../../../src/codec/codec.ts'
import { failure } from './support/failure.ts'

const codec = new Codec()
const unsendable = () => 'a function'

test.each<[string, unknown]>([
  ['value', unsendable],
  ['value[1]', [0, unsendable]],
  ['value.user.avatar', { user: { name: 'x', avatar: unsendable } }],
  ['value["first name"][0]["1"]', { 'first name': [{ 1: unsendable }] }],
  ['value[""].ünï', { '': { ünï: unsendable } }],
  ['value.items[3].get("k")', { items: [1, 2, 3, new Map([['k', unsendable]])] }],
  [
    'value.get(5).get({…}).get([…]).get(1n)',
    new Map([[5, new Map([[{}, new Map([[[], new Map([[1n, unsendable]])]])]])]]),
  ],
  [
    'value.keys()[1]',
    new Map<unknown, unknown>([
      ['a', 1],
      [unsendable, 2],
    ]),
  ],
  ['value.keys()[0].a', new Map([[{ a: unsendable }, 2]])],
  ['value.values()[2]', new Set([1, {}, unsendable])],
  ['value[50000]', Object.assign([], { 50000: unsendable })],
  ['value.after', { first: { deep: [{}] }, second: new Map([[1, {}]]), after: unsendable }],
])('the path of a function at %s', (path, value) => {
  const error = failure(() => codec.encode(value))
  expect(error.path).toBe(path)
  expect(error.message).toBe(`${path}: a function cannot be sent (unsendable)`)
  expect(error.code).toBe('SERIALIZATION')
})

test("the path begins with the caller's name for the value", () => {
  const writer = new ByteWriter()
  writer.writeUint8(1)
  const error = failure(() => codec.encodeInto(writer, { user: { avatar: unsendable } }, {}, 'args[0]'))
  expect(error.path).toBe('args[0].user.avatar')
  expect(writer.position).toBe(1)
  expect(failure(() => codec.encode([unsendable], {}, 'message')).path).toBe('message[0]')
})

test.each<[string, unknown]>([
  ['a symbol', Symbol('s')],
  ['a boxed symbol', Object(Symbol('s'))],
  ['a WeakMap', new WeakMap()],
  ['a WeakSet', new WeakSet()],
  ['a WeakRef', new WeakRef({})],
  ['a FinalizationRegistry', new FinalizationRegistry(() => 1)],
  ['a Promise', Promise.resolve(1)],
  ['a Generator', (function* () {})()],
  ['an iterator', [][Symbol.iterator]()],
  ['a URL', new URL('http://localhost')],
  ['an AbortSignal', new AbortController().signal],
  ['a ReadableStream', new ReadableStream()],
  ['a class', class Thing {}],
])('%s is refused', (_name, value) => {
  expect(failure(() => codec.encode({ here: value })).path).toBe('value.here')
})

test('a promise says what to do', () => {
  expect(failure(() => codec.encode([Promise.resolve(1)])).message).toBe(
    'value[0]: a Promise cannot be sent: await it first',
  )
})

test('a getter that throws is named, with its error as the cause', () => {
  const problem = new Error('no luck')
  const value = {
    fine: { a: 1 },
    get broken(): never {
      throw problem
    },
  }
  const error = failure(() => codec.encode([value]))
  expect(error.path).toBe('value[0].broken')
  expect(error.cause).toBe(problem)
  expect(error.message).toContain('no luck')
})

test('a getter that throws something else than an error', () => {
  const error = failure(() =>
    codec.encode({
      get broken(): never {
        throw 'text'
      },
    }),
  )
  expect(error.path).toBe('value.broken')
  expect(error.cause).toBe('text')
})

test('an object whose proxy throws is named', () => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  expect(failure(() => codec.encode({ a: [proxy] })).path).toBe('value.a[0]')
})

test('a collection that a getter changes under way is refused', () => {
  const map = new Map<unknown, unknown>()
  map.set('a', {
    get grows() {
      return map.set('b', 1).size
    },
  })
  expect(failure(() => codec.encode({ map })).path).toBe('value.map')
  const object: Record<string, unknown> = {
    get shrinks() {
      delete object.gone
      return 1
    },
    gone: 1,
  }
  expect(failure(() => codec.encode({ object })).path).toBe('value.object')
})

test('nothing is left behind in the writer by a failure', () => {
  const writer = new ByteWriter(4)
  writer.writeUint32(7)
  const large = ['x'.repeat(100_000), new Map([[1, { deep: unsendable }]])]
  failure(() => codec.encodeInto(writer, large))
  expect(writer.position).toBe(4)
  codec.encodeInto(writer, 5)
  expect([...writer.take()]).toEqual([7, 0, 0, 0, 5])
})
