import type { Delivery } from '../core/ports.ts'

/** A delivery with what a schema has made of its value. */
export class CheckedDelivery implements Delivery<unknown> {
  readonly value: unknown
  readonly #delivery: Delivery<unknown>

  constructor(delivery: Delivery<unknown>, value: unknown) {
    this.#delivery = delivery
    this.value = value
  }

  get deliveryCount(): number {
    return this.#delivery.deliveryCount
  }

  ack(): void {
    this.#delivery.ack()
  }

  nack(): void {
    this.#delivery.nack()
  }
}
