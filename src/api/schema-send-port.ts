import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { Clock } from '../core/clock.ts'
import { interruptible } from '../core/interrupt.ts'
import type { ChannelStats, SendPort, SlotPort, WaitOptions } from '../core/ports.ts'
import type { SelectSource } from '../core/select.ts'
import type { ChannelClosed, ChannelFull } from '../errors.ts'
import type { Awaitable, Result } from '../result.ts'
import { validate, validateNow } from './schema.ts'

/**
 * What a sender with a schema sends: in process what the schema makes of a value; where others can receive as well the value as it is, since a receiver
 * with the schema makes of it what the schema does, whoever has sent it.
 */
export type Sends = 'input' | 'output'

/** Puts a schema before a port: what it refuses is not sent. */
export class SchemaSendPort<T> implements SendPort<T> {
  readonly #port: SendPort<T>
  readonly #schema: StandardSchemaV1
  readonly #clock: Clock
  readonly #sends: Sends
  /** The end of the line of sends whose values are being checked. An asynchronous check must not change their order. */
  #turn: Promise<unknown> | undefined

  constructor(port: SendPort<T>, schema: StandardSchemaV1, clock: Clock, sends: Sends) {
    this.#port = port
    this.#schema = schema
    this.#clock = clock
    this.#sends = sends
  }

  get capacity(): number {
    return this.#port.capacity
  }

  get length(): number {
    return this.#port.length
  }

  get isClosed(): boolean {
    return this.#port.isClosed
  }

  send(value: T, options: WaitOptions | undefined): Promise<void> {
    return this.#checked([value], options, 'send', ([output], left) => this.#port.send(output as T, left))
  }

  trySend(value: T): Awaitable<Result<void, ChannelFull | ChannelClosed>> {
    return this.#port.trySend(this.#check(value))
  }

  sendBatch(values: readonly T[], options: WaitOptions | undefined): Promise<void> {
    return this.#checked(values, options, 'sendBatch', (outputs, left) => this.#port.sendBatch(outputs, left))
  }

  trySendBatch(values: readonly T[]): Awaitable<Result<void, ChannelFull | ChannelClosed>> {
    return this.#port.trySendBatch(values.map((value) => this.#check(value)))
  }

  async reserve(options: WaitOptions | undefined): Promise<SlotPort<T>> {
    const slot = await this.#port.reserve(options)
    return {
      send: (value) => slot.send(this.#check(value)),
      release: () => slot.release(),
    }
  }

  sendSource(value: T): SelectSource<Result<void, ChannelClosed>> {
    return this.#port.sendSource(this.#check(value))
  }

  closed(options: WaitOptions | undefined): Promise<void> {
    return this.#port.closed(options)
  }

  clone(): SendPort<T> {
    return new SchemaSendPort(this.#port.clone(), this.#schema, this.#clock, this.#sends)
  }

  close(): Awaitable<void> {
    return this.#port.close()
  }

  stats(): Awaitable<ChannelStats> {
    return this.#port.stats()
  }

  /** The schema stays here: a sender in another thread checks nothing. */
  get encodeHandle(): unknown {
    const port = this.#port as { encodeHandle?(context: unknown): unknown }
    return port.encodeHandle?.bind(port)
  }

  #check(value: T): T {
    const output = validateNow(this.#schema, value) as T
    return this.#sends === 'output' ? output : value
  }

  #outputOf(value: T): T | Promise<T> {
    const output = validate(this.#schema, value) as T | Promise<T>
    if (this.#sends === 'output') return output
    return output instanceof Promise ? output.then(() => value) : value
  }

  #checked(
    values: readonly T[],
    options: WaitOptions | undefined,
    operation: string,
    send: (outputs: readonly T[], options: WaitOptions | undefined) => Promise<void>,
  ): Promise<void> {
    if (options?.signal?.aborted) return Promise.reject(options.signal.reason)
    try {
      const outputs = values.map((value) => this.#outputOf(value))
      const waits = this.#turn !== undefined || outputs.some((output) => output instanceof Promise)
      if (!waits) return send(outputs as T[], options)
      return this.#inTurn(Promise.all(outputs) as Promise<T[]>, options, operation, send)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  async #inTurn(
    checks: Promise<T[]>,
    options: WaitOptions | undefined,
    operation: string,
    send: (outputs: readonly T[], options: WaitOptions | undefined) => Promise<void>,
  ): Promise<void> {
    const started = this.#clock.now()
    const before = this.#turn
    let over!: () => void
    const own = new Promise<void>((resolve) => {
      over = resolve
    })
    const turn = Promise.all([before, own])
    this.#turn = turn
    let sending: Promise<void>
    try {
      const work = Promise.all([checks, before])
      const [outputs] = await interruptible(work, options, this.#clock, operation)
      // It is in the channel's own line before the next one's turn comes.
      sending = send(outputs, timeLeft(options, this.#clock.now() - started))
    } finally {
      over()
      if (this.#turn === turn) this.#turn = undefined
    }
    return sending
  }
}

function timeLeft(options: WaitOptions | undefined, elapsed: number): WaitOptions | undefined {
  if (options?.timeout === undefined) return options
  return { ...options, timeout: Math.max(0, options.timeout - elapsed) }
}
