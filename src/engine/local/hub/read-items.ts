import { FrameFlag, type FrameReader } from '../../../wire/frame.ts'
import { readTokens } from '../../../wire/sender-stream.ts'
import { Item } from './item.ts'

/** Reads the items of a `send` frame. `order` numbers the first. Bytes are not copied: an item keeps its chunk. */
export function readItems(frame: FrameReader, order: number, accept: (item: Item) => void): number {
  frame.u32()
  const count = frame.u32()
  const lengths = frame.position
  if (count * 4 > frame.end - lengths) throw new RangeError(`a frame announces ${count} items`)
  frame.position = lengths + count * 4
  const tokens = (frame.flags & FrameFlag.tokens) !== 0 ? readTokens(frame) : undefined
  const { bytes, view, attachments, end } = frame
  let start = frame.position
  for (let index = 0; index < count; index++) {
    const length = view.getUint32(lengths + index * 4, true)
    if (start + length > end) throw new RangeError('an item ends after its frame')
    accept(new Item(bytes, start, length, order + index, attachments, tokens))
    start += length
  }
  return count
}
