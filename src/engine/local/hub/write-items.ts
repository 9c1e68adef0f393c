import type { ByteWriter } from '../../../codec/byte-writer.ts'
import type { Connection } from '../../../wire/connection.ts'
import { beginFrame, endFrame, FrameFlag, FrameType } from '../../../wire/frame.ts'
import { writeTokens } from '../../../wire/sender-stream.ts'
import type { Item } from './item.ts'

/** How a frame of items is addressed. */
export interface Delivery {
  readonly stream: number
  readonly epoch: number
  /** The sequence number of the first item. */
  readonly sequence: number
  readonly counted: boolean
  /** There is more than was asked for. */
  readonly more: boolean
}

/** Writes items `from` … `to` as one `deliver` frame. Neighbours in one chunk are copied together. */
export function writeItems(
  out: ByteWriter,
  delivery: Delivery,
  items: readonly Item[],
  from: number,
  to: number,
): void {
  const count = to - from
  const tokens = items[from]?.tokens
  const flags =
    (delivery.counted ? FrameFlag.deliveryCounts : 0) |
    (delivery.more ? FrameFlag.more : 0) |
    (tokens === undefined ? 0 : FrameFlag.tokens)
  const frame = beginFrame(out, FrameType.deliver, flags, delivery.stream)
  let size = 0
  for (let index = from; index < to; index++) size += (items[index] as Item).length
  out.reserve(12 + count * 8 + 4 + (tokens?.length ?? 0) * 8 + size)
  const view = out.view
  let position = out.position
  view.setUint32(position, delivery.epoch, true)
  view.setUint32(position + 4, delivery.sequence, true)
  view.setUint32(position + 8, count, true)
  position += 12
  for (let index = from; index < to; index++, position += 4)
    view.setUint32(position, (items[index] as Item).length, true)
  if (delivery.counted) {
    for (let index = from; index < to; index++, position += 4) {
      view.setUint32(position, (items[index] as Item).deliveries, true)
    }
  }
  out.position = position
  if (tokens !== undefined) writeTokens(out, tokens)
  copyRuns(out, items, from, to)
  endFrame(out, frame)
}

/** Posts one item that carries attachments or tokens. Moved buffers are copied, since the item may have to be delivered again. */
export function postAlone(connection: Connection, delivery: Delivery, item: Item): void {
  const attachments = (item.attachments ?? []).map((attachment) =>
    attachment instanceof ArrayBuffer ? attachment.slice(0) : attachment,
  )
  connection.postWithAttachments(attachments, (out) => writeItems(out, delivery, [item], 0, 1))
}

function copyRuns(out: ByteWriter, items: readonly Item[], from: number, to: number): void {
  let position = out.position
  let index = from
  while (index < to) {
    const first = items[index] as Item
    const { bytes, start } = first
    let end = start + first.length
    index++
    while (index < to) {
      const next = items[index] as Item
      if (next.bytes !== bytes || next.start !== end) break
      end += next.length
      index++
    }
    out.bytes.set(bytes.subarray(start, end), position)
    position += end - start
  }
  out.position = position
}
