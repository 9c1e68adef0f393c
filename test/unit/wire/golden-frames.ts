import { ByteWriter } from '../../../src/codec/byte-writer.ts'
import { Codec } from '../../../src/codec/codec.ts'
import { beginFrame, endFrame, FrameFlag, FrameType, writeFrame } from '../../../src/wire/frame.ts'
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
  ]
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
    items: contents.map((item) => Buffer.from(item).toString('hex')),
    ...(counted ? { deliveryCounts } : {}),
    ...(carries ? { tokens } : {}),
  }
  return { name, type, flags, stream, fields, bytes: out.take() }
}
