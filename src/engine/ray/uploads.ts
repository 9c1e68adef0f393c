import { ByteWriter } from '../../codec/byte-writer.ts'
import { RingBuffer } from '../../core/ring-buffer.ts'
import type { Connection } from '../../wire/connection.ts'
import { beginFrame, endFrame, FrameFlag, FrameType, headerLength } from '../../wire/frame.ts'
import { beginPut, largestPart } from '../../wire/gateway-frames.ts'
import type { Transport } from '../../wire/transport.ts'
import type { Progress } from '../object-engine.ts'
import { SpareMemory } from './spare-memory.ts'

/** What there is to know about a value beside its bytes. */
type UploadDetails = Pick<Upload, 'progress' | 'flags' | 'sent'>

/** A large value on its way to the store. */
interface Upload {
  readonly number: number
  /** Nobody else's: they change while they are sent. */
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly progress: Progress | undefined
  /** Of the first frame. */
  readonly flags: number
  /** All of it has been handed to the transport. */
  readonly sent: () => void
  position: number
}

/**
 * Sends large values in parts, one value after the other and no faster than the transport takes them, so that what is small goes in between.
 *
 * The first part of a value is written at once: from then on the agent knows its number, and what refers to it waits there.
 */
export class Uploads {
  /** Where the next values may be encoded. */
  readonly spare = new SpareMemory()
  /** By number, what the agent has not answered yet: should a lane break, it is sent once more. */
  readonly #unanswered = new Map<number, Uint8Array<ArrayBuffer>>()
  readonly #connection: Connection
  readonly #transport: Transport
  readonly #waiting = new RingBuffer<Upload>()
  #running = false

  constructor(connection: Connection, transport: Transport) {
    this.#connection = connection
    this.#transport = transport
    connection.onLost(() => {
      this.#unanswered.clear()
      this.spare.clear()
    })
  }

  /** Sends a value. The bytes, and all of their buffer, are nobody else's from now on. */
  start(number: number, bytes: Uint8Array<ArrayBuffer>, details: UploadDetails): void {
    this.#unanswered.set(number, bytes)
    const upload = { number, bytes, ...details, position: 0 }
    this.#writePart(upload)
    if (upload.position === bytes.byteLength) {
      details.sent()
      return
    }
    this.#waiting.pushBack(upload)
    if (!this.#running) this.#waitForRoom()
  }

  /** The agent has answered, so it has all of the value: nothing of it is ever sent again. */
  answered(number: number): void {
    const bytes = this.#unanswered.get(number)
    if (bytes === undefined) return
    this.#unanswered.delete(number)
    this.spare.giveBack(bytes)
  }

  #waitForRoom(): void {
    this.#running = true
    const { onWritable } = this.#transport
    if (onWritable === undefined) setImmediate(() => this.#run())
    else onWritable.call(this.#transport, () => this.#run())
  }

  #run(): void {
    this.#running = false
    if (this.#connection.lost !== undefined) {
      this.#waiting.clear()
      return
    }
    do {
      const upload = this.#waiting.at(0)
      if (upload === undefined) return
      this.#writePart(upload)
      if (upload.position < upload.bytes.byteLength) continue
      this.#waiting.popFront()
      upload.sent()
    } while (this.#transport.writable !== false)
    if (this.#waiting.length > 0) this.#waitForRoom()
  }

  /**
   * Sends the next part from where it lies. Its header takes the place of the bytes before it, which have left as a small frame of their own: so the value
   * is not copied once more, though the transport keeps what it has not been told to have arrived.
   */
  #writePart(upload: Upload): void {
    const { number, bytes, position, progress } = upload
    const rest = bytes.byteLength - position
    if (rest <= headerLength) this.#postCopy(upload, rest)
    else {
      this.#postCopy(upload, headerLength)
      const start = upload.position - headerLength
      const end = Math.min(start + headerLength + largestPart, bytes.byteLength)
      const frame = writerOver(bytes.subarray(start, end))
      beginFrame(frame, FrameType.put, end < bytes.byteLength ? FrameFlag.more : 0, number)
      frame.position = end - start
      endFrame(frame, 0)
      this.#transport.post(frame.bytes)
      upload.position = end
    }
    // What the program does there, and throws, is not the affair of whoever is sending here.
    if (progress !== undefined) {
      const sent = upload.position
      queueMicrotask(() => progress(sent, bytes.byteLength))
    }
  }

  /** Sends a few bytes of the value as a copy; the first ones with its length. */
  #postCopy(upload: Upload, count: number): void {
    const { number, bytes, position } = upload
    const end = position + count
    const more = end < bytes.byteLength
    const writer = new ByteWriter(headerLength + 8 + count)
    const start =
      position === 0
        ? beginPut(writer, number, bytes.byteLength, more, upload.flags)
        : beginFrame(writer, FrameType.put, more ? FrameFlag.more : 0, number)
    writer.writeBytes(bytes.subarray(position, end))
    endFrame(writer, start)
    // What was written before goes before it.
    this.#connection.flush()
    this.#transport.post(writer.bytes.subarray(0, writer.position))
    upload.position = end
  }
}

/** A writer that writes into these bytes. */
function writerOver(bytes: Uint8Array<ArrayBuffer>): ByteWriter {
  const writer = new ByteWriter(0)
  writer.bytes = bytes
  writer.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return writer
}
