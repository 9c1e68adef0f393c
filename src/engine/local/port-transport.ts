import { MessagePort } from 'node:worker_threads'
import { isAwaited, stayAwake } from '../../wire/stay-awake.ts'
import type { Attachment, Transport, TransportListener } from '../../wire/transport.ts'

/** A chunk up to this size that carries something is taken as a sign that somebody waits for each answer. */
const smallChunk = 512
/** Milliseconds in which an answer of another thread may be here: a round trip between threads. */
const awakeTime = 0.05

/** Chunks over a MessagePort. Bytes and moved buffers are moved, not copied; shared buffers are shared. */
export class PortTransport implements Transport {
  readonly carriesAttachments = true
  readonly #port: MessagePort

  constructor(port: MessagePort) {
    this.#port = port
  }

  start(listener: TransportListener): void {
    const port = this.#port
    port.on('message', (message: Uint8Array | [Uint8Array, ...Attachment[]]) => {
      if (message instanceof Uint8Array) {
        if (isAwaited(message, smallChunk)) stayAwake(awakeTime, true)
        listener.chunk(message, undefined)
      } else {
        const [chunk, ...attachments] = message
        listener.chunk(chunk, attachments)
      }
    })
    port.on('messageerror', (error) => {
      listener.closed(error)
      port.close()
    })
    port.on('close', () => listener.closed(undefined))
  }

  post(chunk: Uint8Array<ArrayBuffer>, attachments?: readonly Attachment[]): void {
    if (attachments === undefined) {
      if (isAwaited(chunk, smallChunk)) stayAwake(awakeTime)
      this.#port.postMessage(chunk, [chunk.buffer])
      return
    }
    const moved: (ArrayBuffer | MessagePort)[] = [chunk.buffer]
    for (const attachment of attachments) {
      if (attachment instanceof ArrayBuffer || attachment instanceof MessagePort) moved.push(attachment)
    }
    this.#port.postMessage([chunk, ...attachments], moved)
  }

  ref(): void {
    this.#port.ref()
  }

  unref(): void {
    this.#port.unref()
  }

  close(): void {
    this.#port.close()
  }
}
