import { ByteWriter } from '../../../codec/byte-writer.ts'
import { type FrameReader, FrameType, headerLength, writeFrame } from '../../../wire/frame.ts'

const twoTo32 = 2 ** 32

/** A frame without a body: ping, pong, goodbye. */
export function controlFrame(type: number): Uint8Array {
  const out = new ByteWriter(headerLength + 16)
  writeFrame(out, type, 0, 0)
  return out.take()
}

/** Tells the peer how many bytes of its stream are here. */
export function receivedFrame(position: number): Uint8Array {
  const out = new ByteWriter(headerLength + 16)
  writeFrame(out, FrameType.received, 0, 0, position % twoTo32, Math.floor(position / twoTo32))
  return out.take()
}

/** The body of a `received` frame. */
export function readPosition(frame: FrameReader): number {
  return frame.u32() + frame.u32() * twoTo32
}
