import { expect, test } from 'vitest'
import { Codec } from '../../../src/codec/codec.ts'
import { SerializerRegistry } from '../../../src/codec/serializer-registry.ts'
import { RayClient } from '../../../src/engine/ray/client.ts'
import { unpack } from '../../../src/engine/ray/packing.ts'
import { SerializationError } from '../../../src/errors.ts'
import { FakeTransport } from '../ray-engine/fake-agent.ts'

/** Stands for a handle in what a test packs by hand. */
class Packed {
  readonly #kind: number
  readonly #body: unknown

  constructor(kind: number, body: unknown) {
    this.#kind = kind
    this.#body = body
  }

  [Symbol.for('klaw.handle')]() {
    return { kind: this.#kind, body: this.#body }
  }
}

function session() {
  const client = new RayClient(new FakeTransport(), new SerializerRegistry())
  client.onArrival(1, (number) => `object ${number}`)
  client.onArrival(11, (number) => `queue ${number}`)
  client.onArrival(3, (origin, details) => `sender ${origin} ${details}`)
  return client.codec
}

const encode = (value: unknown) => new Codec().encode(value)

test('handles are found by index, refs by their order, and channel ends as anywhere', () => {
  const [object, queue] = [{ handle: 'object' }, { handle: 'queue' }]
  const args = [
    encode({ a: new Packed(1, 0), b: [new Packed(11, 1), new Packed(1, 0)] }),
    null,
    encode([new Packed(3, [5, 6])]),
    null,
  ]
  const unpacked = unpack(session(), { args, handles: [object, queue], resolved: ['first', undefined] })
  expect(unpacked).toEqual([{ a: object, b: [queue, object] }, 'first', ['sender 5 6'], undefined])
})

test('handles and values that are missing are refused', () => {
  const codec = session()
  expect(() => unpack(codec, { args: [encode(new Packed(1, 2))], handles: [{}], resolved: [] })).toThrow(
    'packed arguments have no handle 2',
  )
  expect(() => unpack(codec, { args: [null], handles: [], resolved: [] })).toThrow(SerializationError)
  expect(() => unpack(codec, { args: [new Uint8Array([0xc1])], handles: [], resolved: [] })).toThrow(SerializationError)
})
