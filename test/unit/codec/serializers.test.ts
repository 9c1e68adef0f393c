import { expect, test } from 'vitest'
import { Codec } from '../../../src/codec/codec.ts'
import { SerializerRegistry } from '../../../src/codec/serializer-registry.ts'
import { failure } from './support/failure.ts'

class Money {
  readonly cents: number
  readonly currency: string

  constructor(cents: number, currency = 'EUR') {
    this.cents = cents
    this.currency = currency
  }
}

class Tip extends Money {}

const money = {
  name: 'Money',
  serialize: (value: Money) => [value.cents, value.currency] as const,
  deserialize: ([cents, currency]: readonly [number, string]) => new Money(cents, currency),
}

function withMoney(): { serializers: SerializerRegistry; codec: Codec } {
  const serializers = new SerializerRegistry()
  serializers.registerSerializer(Money, money)
  return { serializers, codec: new Codec({ serializers }) }
}

test('instances come back as instances, at any depth, with their identity', () => {
  const { codec } = withMoney()
  const price = new Money(5)
  const back = codec.decode(codec.encode({ price, list: [new Map([[price, new Money(7, 'USD')]])] })) as {
    price: Money
    list: [Map<Money, Money>]
  }
  expect(back.price).toBeInstanceOf(Money)
  expect(back.price).toEqual(price)
  expect([...back.list[0].entries()]).toEqual([[price, new Money(7, 'USD')]])
  expect([...back.list[0].keys()][0]).toBe(back.price)
})

test('only the exact class counts', () => {
  const { codec, serializers } = withMoney()
  expect(codec.decode(codec.encode(new Tip(1)))).toStrictEqual({ cents: 1, currency: 'EUR' })
  serializers.registerSerializer(Tip, {
    name: 'Tip',
    serialize: (tip) => tip.cents,
    deserialize: (cents) => new Tip(cents),
  })
  expect(codec.decode(codec.encode(new Tip(1)))).toBeInstanceOf(Tip)
})

test('registering again replaces, deregistering twice does nothing', () => {
  const { codec, serializers } = withMoney()
  serializers.registerSerializer(Money, {
    name: 'Cash',
    serialize: ({ cents }) => cents,
    deserialize: (cents) => new Money(cents, 'XXX'),
  })
  expect(serializers.size).toBe(1)
  expect(codec.decode(codec.encode(new Money(3)))).toEqual(new Money(3, 'XXX'))
  expect(serializers.findByName('Money')).toBeUndefined()
  serializers.deregisterSerializer(Money)
  serializers.deregisterSerializer(Money)
  expect(serializers.size).toBe(0)
  expect(codec.decode(codec.encode(new Money(3)))).toStrictEqual({ cents: 3, currency: 'EUR' })
})

test('a name belongs to one class', () => {
  const { serializers } = withMoney()
  expect(() => serializers.registerSerializer(Tip, { ...money, deserialize: () => new Tip(0) })).toThrow(
    new TypeError('the serializer name "Money" belongs to another class: choose one that is unique'),
  )
  serializers.deregisterSerializer(Money)
  serializers.registerSerializer(Tip, { ...money, deserialize: () => new Tip(0) })
  expect(serializers.size).toBe(1)
})

test.each<[string, unknown, unknown, string]>([
  ['no class', {}, money, "'Class' must be a class"],
  ['an arrow function', () => 1, money, "'Class' must be a class"],
  ['Object', Object, money, "'Class' must not be Object"],
  ['Array', Array, money, "'Class' must not be Array"],
  ['an empty name', Money, { ...money, name: '' }, "'name' must be a string"],
  ['no name', Money, { ...money, name: 5 }, "'name' must be a string"],
  ['no serialize', Money, { ...money, serialize: undefined }, "'serialize' must be a function"],
  ['no deserialize', Money, { ...money, deserialize: 'x' }, "'deserialize' must be a function"],
])('%s is refused', (_name, Class, serializer, message) => {
  const serializers = new SerializerRegistry()
  expect(() => serializers.registerSerializer(Class as typeof Money, serializer as typeof money)).toThrow(TypeError)
  expect(() => serializers.registerSerializer(Class as typeof Money, serializer as typeof money)).toThrow(message)
})

test('a missing decoder says which name', () => {
  const { codec } = withMoney()
  const error = failure(() => new Codec().decode(codec.encode({ price: new Money(1) })))
  expect(error.message).toContain('no serializer named "Money" is registered here')
  expect(error.path).toBe('value.price')
})

test('what serialize returns is a value like any other: circles inside are fine', () => {
  const serializers = new SerializerRegistry()
  serializers.registerSerializer(Money, {
    name: 'Money',
    serialize: ({ cents }) => {
      const node: Record<string, unknown> = { cents, when: new Date(0) }
      node.self = node
      return node
    },
    deserialize: (data) => {
      expect(data.self).toBe(data)
      expect(data.when).toEqual(new Date(0))
      return new Money(data.cents as number)
    },
  })
  const codec = new Codec({ serializers })
  expect(codec.decode(codec.encode([new Money(4)]))).toEqual([new Money(4)])
})

test('an instance that holds itself is refused, since no deserializer could make it', () => {
  class Node {
    children: Node[] = []
    parent: Node | undefined
  }
  const serializers = new SerializerRegistry()
  serializers.registerSerializer(Node, {
    name: 'Node',
    serialize: ({ children, parent }) => ({ children, parent }),
    deserialize: () => new Node(),
  })
  const root = new Node()
  const child = new Node()
  root.children.push(child)
  child.parent = root
  const codec = new Codec({ serializers })
  const error = failure(() => codec.encode({ root }))
  expect(error.message).toContain('cannot contain itself')
  // A second encounter beside it is fine.
  child.parent = undefined
  const [first, second] = codec.decode(codec.encode([root, root])) as Node[]
  expect(first).toBe(second)
})

test('an encoder that throws is named with path and cause, and so is a decoder', () => {
  const problem = new Error('boom')
  const serializers = new SerializerRegistry()
  let broken: 'serialize' | 'deserialize' = 'serialize'
  serializers.registerSerializer(Money, {
    name: 'Money',
    serialize: () => {
      if (broken === 'serialize') throw problem
      return 1
    },
    deserialize: (): Money => {
      throw problem
    },
  })
  const codec = new Codec({ serializers })
  const encoding = failure(() => codec.encode({ user: { wallet: [new Money(1)] } }))
  expect(encoding.path).toBe('value.user.wallet[0]')
  expect(encoding.message).toBe('value.user.wallet[0]: the serializer "Money" threw')
  expect(encoding.cause).toBe(problem)
  broken = 'deserialize'
  const decoding = failure(() => codec.decode(codec.encode({ user: new Money(1) })))
  expect(decoding.path).toBe('value.user')
  expect(decoding.message).toContain('the deserializer "Money" threw')
  expect(decoding.cause).toBe(problem)
})

test('the path leads into what serialize returned', () => {
  const serializers = new SerializerRegistry()
  serializers.registerSerializer(Money, {
    name: 'Money',
    serialize: () => ({ inside: [() => 1] }),
    deserialize: () => new Money(1),
  })
  expect(failure(() => new Codec({ serializers }).encode([new Money(1)])).path).toBe('value[0].inside[0]')
})

test('built-in classes can have serializers too', () => {
  const serializers = new SerializerRegistry()
  serializers.registerSerializer(URL, { name: 'URL', serialize: String, deserialize: (href: string) => new URL(href) })
  const codec = new Codec({ serializers })
  const back = codec.decode(codec.encode({ url: new URL('http://localhost/x') })) as { url: URL }
  expect(back.url).toBeInstanceOf(URL)
  expect(back.url.href).toBe('http://localhost/x')
})
