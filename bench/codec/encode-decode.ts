import { Decoder, Encoder } from '@msgpack/msgpack'
import { Packr } from 'msgpackr'
import { ByteWriter } from '../../src/codec/byte-writer.ts'
import { Codec } from '../../src/codec/codec.ts'
import { expectEqual } from '../harness/check.ts'
import { type Benchmark, type Contender, rate } from '../harness/definition.ts'
import { repeats } from '../harness/rate.ts'
import { klaw, ofNode, versioned } from '../peers/versions.ts'

/** A message of about 100 bytes, as a hundred others beside it. */
function message(n: number) {
  const id = 12_345 + (n % 100)
  return { id, name: `item-${id}`, tags: ['a', 'b'], price: 12.5, active: true, note: 'some short text here' }
}

const messages = Array.from({ length: 100 }, (_, n) => message(n))

/** One library: `encode` returns the number of bytes, which may stay in a buffer that is used again. */
interface Library<Encoded> {
  encode(value: unknown): number
  /** Bytes of their own. */
  keep(value: unknown): Encoded
  decode(encoded: Encoded): unknown
}

function ourCodec(): Library<Uint8Array> {
  const codec = new Codec()
  const writer = new ByteWriter()
  return {
    encode(value) {
      writer.position = 0
      codec.encodeInto(writer, value)
      return writer.position
    },
    keep: (value) => codec.encode(value),
    decode: (bytes) => codec.decode(bytes),
  }
}

function msgpackr(): Library<Buffer> {
  const packr = new Packr({ useRecords: false })
  return {
    encode: (value) => packr.pack(value).length,
    keep: (value) => Buffer.from(packr.pack(value)),
    decode: (bytes) => packr.unpack(bytes),
  }
}

function msgpack(): Library<Uint8Array> {
  const encoder = new Encoder()
  const decoder = new Decoder()
  return {
    encode: (value) => encoder.encodeSharedRef(value).length,
    keep: (value) => encoder.encode(value),
    decode: (bytes) => decoder.decode(bytes),
  }
}

function json(): Library<string> {
  return {
    encode: (value) => JSON.stringify(value).length,
    keep: (value) => JSON.stringify(value),
    decode: (text) => JSON.parse(text),
  }
}

function contenders(of: <Encoded>(library: Library<Encoded>) => (count: number) => void): [Contender, Contender[]] {
  const contender = <Encoded>(id: string, name: string, create: () => Library<Encoded>) =>
    repeats(id, name, () => ({ run: of(create()) }))
  return [
    contender('klaw', klaw, ourCodec),
    [
      contender('msgpackr', versioned('msgpackr'), msgpackr),
      contender('msgpack', versioned('@msgpack/msgpack'), msgpack),
      contender('json', ofNode('JSON'), json),
    ],
  ]
}

const [encode, encodePeers] = contenders((library) => {
  const lengths = messages.map((value) => library.encode(value))
  return (count) => {
    let bytes = 0
    for (let n = 0; n < count; n++) bytes += library.encode(messages[n % 100])
    let expected = 0
    for (let n = 0; n < count; n++) expected += lengths[n % 100] as number
    expectEqual('the number of bytes', bytes, expected)
  }
})

const [decode, decodePeers] = contenders((library) => {
  const encoded = messages.map((value) => library.keep(value))
  return (count) => {
    let ids = 0
    for (let n = 0; n < count; n++) ids += (library.decode(encoded[n % 100]!) as { id: number }).id
    let expected = 0
    for (let n = 0; n < count; n++) expected += messages[n % 100]!.id
    expectEqual('the sum of the ids', ids, expected)
  }
})

export const codecBenchmarks: readonly Benchmark[] = [
  {
    id: 'codec/encode',
    work: 'encode an object of 100 bytes into a buffer that is used again',
    metrics: rate(4_000_000),
    ours: encode,
    peers: encodePeers,
  },
  {
    id: 'codec/decode',
    work: 'decode an object of 100 bytes',
    metrics: rate(2_850_000),
    ours: decode,
    peers: decodePeers,
  },
]
