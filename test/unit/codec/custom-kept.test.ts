import { expect, test } from 'vitest'
import { Codec } from '../../../src/codec/codec.ts'
import { KeptCustom } from '../../../src/codec/kept-custom.ts'
import { SerializerRegistry } from '../../../src/codec/serializer-registry.ts'

class Point {
  readonly x: number
  readonly y: number
  constructor(x: number, y: number) {
    this.x = x
    this.y = y
  }
}

test('a place without the serializer can pass a value on, unchanged', () => {
  const serializers = new SerializerRegistry()
  serializers.registerSerializer(Point, {
    name: 'Point',
    serialize: ({ x, y }) => [x, y],
    deserialize: ([x, y]) => new Point(x as number, y as number),
  })
  const [end, between] = [new Codec({ serializers }), new Codec()]
  const point = new Point(1, 2)
  const value = { twice: [point, point], inside: new Map([[new Point(3, 4), new Set([point])]]) }
  const bytes = end.encode(value)
  expect(() => between.decode(bytes)).toThrow(/no serializer named "Point"/)
  const kept = between.decode(bytes, 0, bytes.length, { keepCustom: true }) as typeof value
  expect(kept.twice[0]).toBeInstanceOf(KeptCustom)
  expect(kept.twice[0]).toMatchObject({ name: 'Point', data: [1, 2] })
  expect(kept.twice[0]).toBe(kept.twice[1])
  const again = between.encode(kept)
  expect(again).toEqual(bytes)
  const out = end.decode(again) as typeof value
  expect(out).toEqual(value)
  expect(out.twice[0]).toBe(out.twice[1])
})

test('not even a serializer that is there is called in between', () => {
  const serializers = new SerializerRegistry()
  serializers.registerSerializer(Point, {
    name: 'Point',
    serialize: ({ x }) => x,
    deserialize: () => {
      throw new Error('called')
    },
  })
  const codec = new Codec({ serializers })
  const bytes = codec.encode(new Point(1, 2))
  expect(() => codec.decode(bytes)).toThrow(/the deserializer "Point" threw/)
  expect(codec.encode(codec.decode(bytes, 0, bytes.length, { keepCustom: true }))).toEqual(bytes)
})
