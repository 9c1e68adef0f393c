import type { Delivery } from '../../core/ports.ts'

/** An item that the pool has taken out of the channel. */
export interface Task<out Item> {
  readonly value: Item
  /** 1 at first. In acknowledged mode it counts what others tried as well. */
  readonly attempt: number
  /** In acknowledged mode: how the channel is told what became of it. */
  readonly delivery: Delivery<Item> | undefined
}

/** The task of what came out of the channel. */
export function taskOf<Item>(message: unknown, acknowledged: boolean): Task<Item> {
  if (!acknowledged) return { value: message as Item, attempt: 1, delivery: undefined }
  const delivery = message as Delivery<Item>
  return { value: delivery.value, attempt: delivery.deliveryCount, delivery }
}
