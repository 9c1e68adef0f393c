import { expect, test } from 'vitest'
import { Codec } from '../../../src/codec/codec.ts'
import { type EncodeContext, type EncodedHandle, handleSymbol } from '../../../src/codec/handles.ts'
import { SerializerRegistry } from '../../../src/codec/serializer-registry.ts'
import { failure } from './support/failure.ts'

class Handle {
  readonly id: number

  constructor(id: number) {
    this.id = id
  }

  [handleSymbol](context: EncodeContext): EncodedHandle {
    context.handles?.push(this.id)
    return { kind: 7, body: { id: this.id } }
  }
}

const codec = new Codec({
  handles: { decode: (kind, body) => new Handle(kind * 1000 + (body as { id: number }).id) },
})

test('a handle is encoded by its own method and decoded by the handle codec, anywhere in a value', () => {
  const handle = new Handle(1)
  const handles: unknown[] = []
  const back = codec.decode(codec.encode({ list: [new Map([['h', handle]])], again: handle }, { handles })) as {
    list: [Map<string, Handle>]
    again: Handle
  }
  expect(back.again).toBeInstanceOf(Handle)
  expect(back.again.id).toBe(7001)
  expect(back.list[0].get('h')).toBe(back.again)
  expect(handles).toEqual([1])
})

test('the symbol is one for every copy of the package', () => {
  expect(handleSymbol).toBe(Symbol.for('klaw.handle'))
})

test('the decode context reaches the handle codec', () => {
  const seen: unknown[] = []
  const listening = new Codec({ handles: { decode: (_kind, _body, context) => seen.push(context) } })
  const bytes = listening.encode(new Handle(1))
  const context = { attachments: [1] }
  listening.decode(bytes, 0, bytes.length, context)
  expect(seen).toEqual([context])
})

test('a proxy that answers everything with a method is sent as the handle that it is', () => {
  const target = Object.create({}) as object
  const proxy = new Proxy(target, {
    get: (_target, key) =>
      key === handleSymbol ? () => ({ kind: 1, body: { id: 5 } }) : () => expect.fail(`read ${String(key)}`),
    has: () => expect.fail('has'),
    ownKeys: () => expect.fail('ownKeys'),
  })
  expect((codec.decode(codec.encode([proxy])) as [Handle])[0].id).toBe(1005)
  const callable = new Proxy(() => 1, {
    get: (_target, key) => (key === handleSymbol ? () => ({ kind: 1, body: { id: 6 } }) : undefined),
  })
  expect((codec.decode(codec.encode({ callable })) as { callable: Handle }).callable.id).toBe(1006)
})

test('handles come before serializers and built-in classes', () => {
  class HandleMap extends Map<string, number> {
    [handleSymbol](): EncodedHandle {
      return { kind: 2, body: { id: 0 } }
    }
  }
  const serializers = new SerializerRegistry()
  serializers.registerSerializer(HandleMap, {
    name: 'HandleMap',
    serialize: () => 1,
    deserialize: () => new HandleMap(),
  })
  const both = new Codec({ serializers, handles: { decode: (kind) => kind } })
  expect(both.decode(both.encode(new HandleMap()))).toBe(2)
})

test('without a handle codec a message with handles is refused', () => {
  const error = failure(() => new Codec().decode(codec.encode({ a: new Handle(1) })))
  expect(error.path).toBe('value.a')
  expect(error.message).toContain('only a runtime can receive')
})

test('a handle that throws is named, and so is a handle codec', () => {
  const problem = new Error('closed')
  const handle = Object.create({
    [handleSymbol]: () => {
      throw problem
    },
  }) as object
  const encoding = failure(() => codec.encode({ a: [handle] }))
  expect(encoding.path).toBe('value.a[0]')
  expect(encoding.cause).toBe(problem)
  const throwing = new Codec({
    handles: {
      decode: () => {
        throw problem
      },
    },
  })
  const decoding = failure(() => throwing.decode(codec.encode({ a: new Handle(1) })))
  expect(decoding.path).toBe('value.a')
  expect(decoding.cause).toBe(problem)
})

test('handles of a message that fails are given back', () => {
  const discarded: unknown[] = []
  const context = { handles: [0] as unknown[], discardHandles: (handles: unknown[]) => discarded.push(handles) }
  failure(() => codec.encode([new Handle(1), new Handle(2), () => 1], context))
  expect(context.handles).toEqual([0])
  expect(discarded).toEqual([[1, 2]])
})

test('handles in a property that is left out of an error are given back', () => {
  const discarded: unknown[] = []
  const context = { handles: [] as unknown[], discardHandles: (handles: unknown[]) => discarded.push(...handles) }
  const error = Object.assign(new Error('x'), {
    kept: new Handle(1),
    dropped: [new Handle(2), () => 1],
    last: new Handle(3),
  })
  const back = codec.decode(codec.encode(error, context)) as { kept: Handle; last: Handle }
  expect(context.handles).toEqual([1, 3])
  expect(discarded).toEqual([2])
  expect(back.last.id).toBe(7003)
  expect(back).not.toHaveProperty('dropped')
})
