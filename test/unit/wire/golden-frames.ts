import { ByteWriter } from '../../../src/codec/byte-writer.ts'
import { Codec } from '../../../src/codec/codec.ts'
import { beginFrame, endFrame, FrameFlag, FrameType, writeFrame } from '../../../src/wire/frame.ts'
import { beginInvoke, beginPut, writeRelease, writeUint64 } from '../../../src/wire/gateway-frames.ts'
import { writeTokens } from '../../../src/wire/sender-stream.ts'

/** One golden frame: how it is named, what it says, and its bytes. */
export interface GoldenFrame {
  readonly name: string
  readonly type: number
  readonly flags: number
  readonly stream: number
  /** What a reader finds in the body, in order; for items their bytes in hexadecimal. */
  readonly fields: Readonly<Record<string, unknown>>
  readonly bytes: Uint8Array
}

const codec = new Codec()
const items = [codec.encode('one'), codec.encode({ n: 2 }), codec.encode([3])]

/** Every frame of wire version 1 except calls, once; the files in test/fixtures/frames are made of these. */
export function goldenFrames(): GoldenFrame[] {
  return [
    valueFrame('request', FrameType.request, 0, 7, ['channel.stats', '12']),
    valueFrame('response', FrameType.response, 0, 7, { length: 3 }),
    valueFrame('response-error', FrameType.response, FrameFlag.error, 8, 'the channel is gone'),
    numbers('abort', FrameType.abort, 0, 7, {}),
    valueFrame('event', FrameType.event, 0, 0, ['lease.release', [{ origin: 1, number: 2 }]]),
    itemsFrame('send', FrameType.send, 0, 3, { first: 41 }, items),
    itemsFrame('send-tokens', FrameType.send, FrameFlag.tokens, 3, { first: 44 }, items.slice(0, 1)),
    numbers('credit', FrameType.credit, 0, 3, { slots: 128 }),
    numbers('credit-accepted', FrameType.credit, 0, 3, { slots: 128, accepted: 4_000_000_000 }),
    numbers('credit-attempt', FrameType.credit, FrameFlag.attempt, 3, { slots: 0 }),
    numbers('want', FrameType.want, 0, 3, { missing: 1, held: 64, operations: 1, received: 4096 }),
    numbers('want-attempt', FrameType.want, FrameFlag.attempt, 3, { slots: 5 }),
    numbers('return-credit', FrameType.returnCredit, 0, 3, { slots: 9 }),
    numbers('return-credit-recalled', FrameType.returnCredit, FrameFlag.attempt, 3, { slots: 0 }),
    numbers('recall-credit', FrameType.recallCredit, 0, 3, {}),
    numbers('close-end', FrameType.closeEnd, 0, 3, {}),
    numbers('ended', FrameType.ended, 0, 4, {}),
    valueFrame('ended-error', FrameType.ended, 0, 4, 'the channel was deleted'),
    numbers('demand', FrameType.demand, 0, 4, { items: 3, waiting: 1 }),
    numbers('demand-attempt', FrameType.demand, FrameFlag.attempt, 4, { items: 1 }),
    itemsFrame('deliver', FrameType.deliver, 0, 4, { epoch: 2, first: 100 }, items),
    itemsFrame('deliver-counted', FrameType.deliver, FrameFlag.deliveryCounts, 4, { epoch: 0, first: 5 }, items),
    numbers('taken', FrameType.taken, 0, 4, { items: 3 }),
    numbers('give-back', FrameType.giveBack, 0, 4, { epoch: 3, first: 102 }),
    numbers('recall-items', FrameType.recallItems, 0, 4, {}),
    numbers('acknowledge', FrameType.acknowledge, 0, 4, { item: 100 }),
    numbers('refuse', FrameType.acknowledge, FrameFlag.error, 4, { item: 101 }),
    numbers('probed', FrameType.probed, 0, 4, {}),
    numbers('lagged', FrameType.lagged, 0, 4, { missed: 17 }),
    numbers('holders', FrameType.holders, 0, 3, { receivers: 2 }),
    ...gatewayFrames(),
  ]
}

/** Those between a client and the agent of a Ray cluster. */
function gatewayFrames(): GoldenFrame[] {
  const [one, two] = items as [Uint8Array, Uint8Array]
  return [
    frame('received', FrameType.received, 0, 0, { bytes: 5_000_000_000 }, (out) => writeUint64(out, 5_000_000_000)),
    numbers('ping', FrameType.ping, 0, 0, {}),
    numbers('pong', FrameType.pong, 0, 0, {}),
    numbers('goodbye', FrameType.goodbye, 0, 0, {}),
    made('put', FrameType.put, 0, 5, { total: one.byteLength, part: hex(one) }, (out) => {
      const start = beginPut(out, 5, one.byteLength, false)
      out.writeBytes(one)
      return start
    }),
    made('put-more', FrameType.put, FrameFlag.more, 5, { total: 3_000_000_000, part: hex(two) }, (out) => {
      const start = beginPut(out, 5, 3_000_000_000, true)
      out.writeBytes(two)
      return start
    }),
    frame('put-last', FrameType.put, 0, 5, { part: '0102' }, (out) => out.writeBytes(Uint8Array.of(1, 2))),
    numbers('stored', FrameType.stored, 0, 5, {}),
    valueFrame('stored-error', FrameType.stored, FrameFlag.error, 5, 'no room'),
    numbers('get', FrameType.get, 0, 5, {}),
    numbers('get-no-longer', FrameType.get, FrameFlag.error, 5, {}),
    frame('value', FrameType.value, 0, 5, { total: one.byteLength, part: hex(one) }, (out) => {
      writeUint64(out, one.byteLength)
      out.writeBytes(one)
    }),
    frame('value-more', FrameType.value, FrameFlag.more, 5, { total: 3_000_000_000, part: hex(one) }, (out) => {
      writeUint64(out, 3_000_000_000)
      out.writeBytes(one)
    }),
    frame('value-error', FrameType.value, FrameFlag.error, 5, { total: one.byteLength, part: hex(one) }, (out) => {
      writeUint64(out, one.byteLength)
      out.writeBytes(one)
    }),
    numbers('watch', FrameType.watch, 0, 5, {}),
    numbers('watch-now', FrameType.watch, FrameFlag.attempt, 5, {}),
    numbers('watch-no-longer', FrameType.watch, FrameFlag.error, 5, {}),
    frame('settled', FrameType.settled, 0, 5, { state: 2 }, (out) => out.writeUint8(2)),
    invoke('invoke-named', { actor: 4, method: 0, name: 'añadir', args: [hex(one), hex(two)] }),
    invoke('invoke', { actor: 4, method: 1, args: [hex(one)] }),
    made(
      'release',
      FrameType.release,
      0,
      0,
      {
        counts: [
          [7, 1],
          [0x80000001, 3],
        ],
      },
      (out) => {
        writeRelease(
          out,
          new Map([
            [7, 1],
            [0x80000001, 3],
          ]),
        )
        return undefined
      },
    ),
    frame('relay', FrameType.relay, 0, 6, { part: '010203' }, (out) => out.writeBytes(Uint8Array.of(1, 2, 3))),
    numbers('relay-over', FrameType.relay, FrameFlag.error, 6, {}),
  ]
}

interface InvokeFields {
  readonly actor: number
  readonly method: number
  readonly name?: string
  readonly args: readonly string[]
}

function invoke(title: string, fields: InvokeFields): GoldenFrame {
  const { actor, method, name, args } = fields
  return made(title, FrameType.invoke, name === undefined ? 0 : 16, 6, { ...fields }, (out) => {
    const lengths = beginInvoke(out, 6, actor, method, name, args.length)
    for (const [index, argument] of args.entries()) {
      const bytes = Buffer.from(argument, 'hex')
      out.view.setUint32(lengths + index * 4, bytes.byteLength, true)
      out.writeBytes(bytes)
    }
    return 0
  })
}

/** A frame of which `write` writes the body. */
function frame(
  name: string,
  type: number,
  flags: number,
  stream: number,
  fields: Record<string, unknown>,
  write: (out: ByteWriter) => void,
): GoldenFrame {
  return made(name, type, flags, stream, fields, (out) => {
    const start = beginFrame(out, type, flags, stream)
    write(out)
    return start
  })
}

/** A frame that `write` writes; it returns where the frame starts, unless it has ended it. */
function made(
  name: string,
  type: number,
  flags: number,
  stream: number,
  fields: Record<string, unknown>,
  write: (out: ByteWriter) => number | undefined,
): GoldenFrame {
  const out = new ByteWriter()
  const start = write(out)
  if (start !== undefined) endFrame(out, start)
  return { name, type, flags, stream, fields, bytes: out.take() }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

function numbers(
  name: string,
  type: number,
  flags: number,
  stream: number,
  fields: Record<string, number>,
): GoldenFrame {
  const out = new ByteWriter()
  const [first, second, third, fourth] = Object.values(fields)
  writeFrame(out, type, flags, stream, first, second, third, fourth)
  return { name, type, flags, stream, fields, bytes: out.take() }
}

function valueFrame(name: string, type: number, flags: number, stream: number, value: unknown): GoldenFrame {
  const out = new ByteWriter()
  const start = beginFrame(out, type, flags, stream)
  codec.encodeInto(out, value)
  endFrame(out, start)
  return { name, type, flags, stream, fields: { value }, bytes: out.take() }
}

function itemsFrame(
  name: string,
  type: number,
  flags: number,
  stream: number,
  head: Record<string, number>,
  contents: readonly Uint8Array[],
): GoldenFrame {
  const out = new ByteWriter()
  const start = beginFrame(out, type, flags, stream)
  const tokens = [{ origin: 2, number: 9 }]
  const deliveryCounts = contents.map((_, index) => index + 1)
  for (const number of Object.values(head)) out.writeUint32(number)
  out.writeUint32(contents.length)
  for (const item of contents) out.writeUint32(item.byteLength)
  const counted = (flags & FrameFlag.deliveryCounts) !== 0
  if (counted) for (const count of deliveryCounts) out.writeUint32(count)
  const carries = (flags & FrameFlag.tokens) !== 0
  if (carries) {
    out.reserve(12)
    writeTokens(out, tokens)
  }
  for (const item of contents) out.writeBytes(item)
  endFrame(out, start)
  const fields = {
    ...head,
    items: contents.map(hex),
    ...(counted ? { deliveryCounts } : {}),
    ...(carries ? { tokens } : {}),
  }
  return { name, type, flags, stream, fields, bytes: out.take() }
}
