import { KlawError } from '../errors.ts'
import type { Connection } from './connection.ts'
import { FrameFlag, type FrameReader, FrameType } from './frame.ts'
import { type Body, Pieces } from './pieces.ts'
import { Reply } from './reply.ts'
import type { Attachment } from './transport.ts'
import { unsendable } from './unsendable.ts'

/** Answers requests and events of one operation. */
export type Operation = (argument: never, context: OperationContext) => unknown

/** What an {@link Operation} knows about the request that it answers. */
export interface OperationContext {
  readonly connection: Connection
  readonly attachments: readonly Attachment[] | undefined
  /** Aborts when the requester no longer waits, or its connection is lost. */
  readonly signal: AbortSignal
}

/** The event by which a peer says why it closes the connection. */
export const failureEvent = 'connection.failed'

/** Serves what the peer asks for and tells. */
export class Operations {
  readonly #connection: Connection
  readonly #operations: ReadonlyMap<string, Operation>
  /** Requests and events share stream 0. */
  readonly #pieces = new Pieces()
  readonly #served = new Map<number, AbortController>()
  /** What the peer could not make sense of, before it closed the connection. */
  peerFailure: unknown

  constructor(connection: Connection, operations: ReadonlyMap<string, Operation>) {
    this.#connection = connection
    this.#operations = operations
  }

  /** Takes a *request* or an *event*, or a piece of one. Throws what an event can not be served for. */
  take(frame: FrameReader): void {
    const body = this.#pieces.take(frame)
    if (body !== undefined) this.#serve(frame, body)
  }

  /** Takes an *abort*. */
  abort(id: number): void {
    this.#served.get(id)?.abort(new KlawError('the requester no longer waits'))
  }

  connectionLost(error: Error): void {
    for (const controller of this.#served.values()) controller.abort(error)
    this.#served.clear()
    this.#pieces.clear()
  }

  #serve({ type, stream: id, attachments }: FrameReader, { bytes, position, end }: Body): void {
    const answers = type === FrameType.request
    const connection = this.#connection
    let outcome: unknown
    try {
      const [name, argument] = connection.codec.decode(bytes, position, end, { attachments }) as [string, never]
      if (name === failureEvent) {
        this.peerFailure = argument
        return
      }
      const operation = this.#operations.get(name)
      if (operation === undefined) throw new KlawError(`the peer asked for an unknown operation: ${name}`)
      const signal = () => this.#signal(id, answers)
      let opened: AbortSignal | undefined
      outcome = operation(argument, {
        connection,
        attachments,
        get signal() {
          opened ??= signal()
          return opened
        },
      })
    } catch (error) {
      if (!answers) throw error
      this.#answer(id, FrameFlag.error, error)
      return
    }
    if (!answers) return
    if (outcome instanceof Promise) {
      outcome
        .then(
          (value) => this.#answer(id, 0, value),
          (error) => this.#answer(id, FrameFlag.error, error),
        )
        .finally(() => this.#served.delete(id))
    } else {
      this.#served.delete(id)
      this.#answer(id, 0, outcome)
    }
  }

  #signal(id: number, answers: boolean): AbortSignal {
    const controller = new AbortController()
    if (answers) this.#served.set(id, controller)
    return controller.signal
  }

  #answer(id: number, flags: number, outcome: unknown): void {
    if (this.#connection.lost !== undefined) return
    const reply = outcome instanceof Reply ? outcome : undefined
    const value = reply === undefined ? outcome : reply.value
    try {
      this.#connection.writeValue(FrameType.response, flags, id, value, reply?.attachments, reply?.name)
    } catch (error) {
      const failure = (flags & FrameFlag.error) === 0 ? KlawError.from(error) : unsendable(value, error)
      this.#connection.writeValue(FrameType.response, FrameFlag.error, id, failure, undefined)
    }
  }
}
