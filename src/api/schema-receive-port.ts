import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { ChannelStats, Delivery, ReceivePort, WaitOptions } from '../core/ports.ts'
import type { SelectSource } from '../core/select.ts'
import { type ChannelClosed, type ChannelEmpty, ChannelSchemaError } from '../errors.ts'
import { type Awaitable, failed, type Result, success } from '../result.ts'
import { CheckedDelivery } from './checked-delivery.ts'
import { Checking } from './checking.ts'
import { quiet } from './quiet.ts'
import { validate } from './schema.ts'

/**
 * Puts a schema behind a port whose channel others can send to as well: what comes out is what the schema makes of what was sent. What it refuses
 * fails the `recv` that has taken it; it counts as received and, in acknowledged mode, as acknowledged, since it would be refused each time.
 */
export class SchemaReceivePort implements ReceivePort<unknown> {
  readonly #port: ReceivePort<unknown>
  readonly #schema: StandardSchemaV1
  readonly #name: string | undefined
  /** Of items that were taken together with others, which went out first. */
  readonly #refusals: unknown[] = []

  /** @param name of the channel, for errors */
  constructor(port: ReceivePort<unknown>, schema: StandardSchemaV1, name: string | undefined) {
    this.#port = port
    this.#schema = schema
    this.#name = name
  }

  get capacity(): number {
    return this.#port.capacity
  }

  get length(): number {
    return this.#port.length
  }

  get acknowledged(): boolean {
    return this.#port.acknowledged
  }

  get isClosed(): boolean {
    return this.#refusals.length === 0 && this.#port.isClosed
  }

  /** The checking of what has been taken is not given up: the item would be lost. */
  recv(options: WaitOptions | undefined): Promise<unknown> {
    return quiet(this.#recv(options))
  }

  async tryRecv(): Promise<Result<unknown, ChannelEmpty | ChannelClosed>> {
    const refusal = this.#refusals.shift()
    if (refusal !== undefined) return failed(refusal as ChannelClosed)
    const outcome = await this.#port.tryRecv()
    return outcome.ok ? await this.#outcome(outcome.value) : outcome
  }

  async takeUpTo(max: number): Promise<unknown[]> {
    const before = this.#refusals.shift()
    if (before !== undefined) throw before
    const items = await this.#port.takeUpTo(max)
    const outcomes = await Promise.all(items.map((item) => this.#outcome(item)))
    const values: unknown[] = []
    for (const outcome of outcomes) {
      if (outcome.ok) values.push(outcome.value)
      else this.#refusals.push(outcome.error)
    }
    const refusal = values.length === 0 ? this.#refusals.shift() : undefined
    if (refusal !== undefined) throw refusal
    return values
  }

  failLater(error: unknown): void {
    this.#refusals.unshift(error)
  }

  recvSource(): SelectSource<Result<unknown, ChannelClosed>> {
    const source = this.#port.recvSource()
    return {
      ready: () => this.#refusals.length > 0 || source.ready(),
      take: () => {
        const refusal = this.#refusals.shift()
        return refusal === undefined ? this.#checked(source.take()) : failed(refusal as ChannelClosed)
      },
      ...(source.probe === undefined ? undefined : { probe: () => source.probe?.() ?? Promise.resolve() }),
      park: (win) => source.park((outcome) => win(this.#checked(outcome))),
    }
  }

  clone(): ReceivePort<unknown> {
    return new SchemaReceivePort(this.#port.clone(), this.#schema, this.#name)
  }

  close(): Awaitable<void> {
    this.#refusals.length = 0
    return this.#port.close()
  }

  stats(): Awaitable<ChannelStats> {
    return this.#port.stats()
  }

  /** The schema stays here: a receiver elsewhere gets what was sent. */
  get encodeHandle(): unknown {
    const port = this.#port as { encodeHandle?(context: unknown): unknown }
    return port.encodeHandle?.bind(port)
  }

  async #recv(options: WaitOptions | undefined): Promise<unknown> {
    options?.signal?.throwIfAborted()
    const refusal = this.#refusals.shift()
    if (refusal !== undefined) throw refusal
    return this.#check(await this.#port.recv(options))
  }

  #checked(outcome: Result<unknown, ChannelClosed>): Result<unknown, ChannelClosed> {
    if (!outcome.ok) return outcome
    const checked = this.#outcome(outcome.value)
    // Whoever takes from a source knows that this is no error, but one's outcome to be waited for.
    return (checked instanceof Promise ? failed(new Checking(checked)) : checked) as Result<unknown, ChannelClosed>
  }

  /** A refusal is an outcome like any other, as is what can not be decoded. */
  #outcome(item: unknown): Awaitable<Result<unknown, ChannelClosed>> {
    const refused = (error: unknown) => failed(error as ChannelClosed)
    try {
      const checked = this.#check(item)
      return checked instanceof Promise ? checked.then(success, refused) : success(checked)
    } catch (error) {
      return refused(error)
    }
  }

  /** What the user gets for an item; a promise if the schema is asynchronous. */
  #check(item: unknown): unknown | Promise<unknown> {
    const delivery = this.#port.acknowledged ? (item as Delivery<unknown>) : undefined
    const value = delivery === undefined ? item : delivery.value
    const present = (output: unknown) =>
      delivery === undefined || output === value ? (delivery ?? output) : new CheckedDelivery(delivery, output)
    const refuse = (error: unknown): never => {
      if (error instanceof ChannelSchemaError) {
        delivery?.ack()
        throw new ChannelSchemaError(error.issues, { received: { value, channel: this.#name } })
      }
      // The schema itself has failed, which says nothing about the value: others may do better.
      delivery?.nack()
      throw error
    }
    let output: unknown
    try {
      output = validate(this.#schema, value)
    } catch (error) {
      return refuse(error)
    }
    return output instanceof Promise ? output.then(present, refuse) : present(output)
  }
}
