import type { Connection } from '../../../wire/connection.ts'
import type { CodeAddress } from '../../definition.ts'
import type { RayClient } from '../client.ts'
import { type PackedArguments, Packer } from '../packing.ts'
import type { CodePlace, CodeSource } from './code-source.ts'

/** A request for what is made of code in TypeScript. */
export interface Shipment {
  readonly operation: string
  /** Of what is to be made. */
  readonly number: number
  /** Where the definition stands on this side. */
  readonly address: CodeAddress
  /** Of the definition, what the other side has to know beside its module. */
  readonly about: object
  readonly args: readonly unknown[]
  /** What the request has beside these. */
  readonly details: object
  /** Called when the code can not be had. */
  readonly failed: (error: unknown) => void
  /** Called at once when the arguments can not be sent; the promise rejects a moment later. */
  readonly refused: (error: unknown) => void
}

/**
 * Asks the agent for actors and tasks in TypeScript. A request leaves at once, so that what it makes has its number from then on; where the
 * code has to be brought to the cluster first, it follows.
 */
export class Shipping {
  readonly #connection: Connection
  readonly #packer: Packer
  readonly #source: CodeSource

  constructor(client: RayClient, source: CodeSource) {
    this.#connection = client.connection
    this.#packer = new Packer(client)
    this.#source = source
  }

  /** Resolves to the answer. */
  async ship(shipment: Shipment): Promise<unknown> {
    const { operation, number, address, about, details, refused } = shipment
    let packed: PackedArguments
    try {
      packed = this.#packer.pack(shipment.args)
    } catch (error) {
      refused(error)
      throw error
    }
    const place = this.#placeOf(address)
    const code = place instanceof Promise ? null : { ...place, ...about }
    const body = { number, code, ...packed, ...details }
    const answer = this.#connection.request(operation, body, { keepAlive: false, refused })
    if (place instanceof Promise) this.#follow(shipment, place)
    return await answer
  }

  /** As the source says it, but never throws. */
  #placeOf(address: CodeAddress): CodePlace | Promise<CodePlace> {
    try {
      return this.#source.placeOf(address)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  #follow({ number, about, failed }: Shipment, place: Promise<CodePlace>): void {
    place.then(
      (found) => this.#connection.notify('typescript.code', { number, code: { ...found, ...about } }),
      (error: unknown) => {
        failed(error)
        // Others may have been told of the number.
        this.#connection.notify('typescript.code', { number, error })
      },
    )
  }
}
