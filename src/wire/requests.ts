import type { Codec } from '../codec/codec.ts'
import { listenTo, stopListeningTo } from '../core/abort-listeners.ts'
import { FrameFlag, type FrameReader, FrameType } from './frame.ts'
import { Pieces } from './pieces.ts'
import { Reply } from './reply.ts'
import type { Attachment } from './transport.ts'

export interface RequestOptions {
  readonly signal?: AbortSignal | undefined
  readonly attachments?: readonly Attachment[] | undefined
  /** Default true. A request in the background does not keep an idle process alive. */
  readonly keepAlive?: boolean
  /**
   * An abort only asks: the peer's answer decides. A value resolves all the same, since then it has happened; an error rejects
   * with the signal's reason. For what must not happen once it was given up.
   */
  readonly awaitsOutcome?: boolean
  /** Called at once when the argument can not be encoded; the promise rejects a moment later. */
  readonly refused?: (error: unknown) => void
}

/** The connection over which is asked. */
export interface RequestLine {
  readonly codec: Codec
  /** Why nothing can be sent any more; undefined while it can. */
  readonly lost: Error | undefined
  hold(): void
  release(): void
  write(type: number, flags: number, stream: number): void
}

interface PendingRequest {
  resolve(reply: Reply): void
  reject(error: unknown): void
}

/** The requests of this side that the peer has not answered. */
export class Requests {
  readonly #line: RequestLine
  readonly #pending = new Map<number, PendingRequest>()
  readonly #pieces = new Pieces()

  constructor(line: RequestLine) {
    this.#line = line
  }

  /** The answer to request `id`, which has just been sent. */
  answer(id: number, options: RequestOptions | undefined): Promise<Reply> {
    const line = this.#line
    const signal = options?.signal
    const awaitsOutcome = options?.awaitsOutcome === true
    const keepAlive = options?.keepAlive !== false
    if (keepAlive) line.hold()
    return new Promise((resolve, reject) => {
      const listener = {
        aborted: () => {
          if (!awaitsOutcome) settle()
          if (line.lost === undefined) line.write(FrameType.abort, 0, id)
          if (!awaitsOutcome) reject(signal?.reason)
        },
      }
      const settle = () => {
        this.#pending.delete(id)
        this.#pieces.drop(id)
        if (signal !== undefined) stopListeningTo(signal, listener)
        if (keepAlive) line.release()
      }
      if (signal !== undefined) listenTo(signal, listener)
      this.#pending.set(id, {
        resolve(reply) {
          settle()
          resolve(reply)
        },
        reject(error) {
          settle()
          reject(awaitsOutcome && signal?.aborted === true ? signal.reason : error)
        },
      })
    })
  }

  /** Takes a *response*, or a piece of one. Nobody waits for the answer to what was given up. */
  answered(frame: FrameReader): void {
    const request = this.#pending.get(frame.stream)
    if (request === undefined) return
    let value: unknown
    try {
      const body = this.#pieces.take(frame)
      if (body === undefined) return
      value = this.#line.codec.decode(body.bytes, body.position, body.end, { attachments: frame.attachments })
    } catch (error) {
      request.reject(error)
      return
    }
    if ((frame.flags & FrameFlag.error) !== 0) request.reject(value)
    else request.resolve(new Reply(value, frame.attachments ?? []))
  }

  connectionLost(error: Error): void {
    for (const request of [...this.#pending.values()]) request.reject(error)
  }
}
