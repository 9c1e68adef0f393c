import type { Token } from '../../../wire/token.ts'

/** An item in the hub: a piece of the chunk that it came in. The hub never looks inside. */
export class Item {
  readonly bytes: Uint8Array
  readonly start: number
  readonly length: number
  /** Its place among all that the channel accepted. */
  readonly order: number
  readonly attachments: readonly unknown[] | undefined
  readonly tokens: readonly Token[] | undefined
  deliveries = 0
  /** Who still needs the handles inside; counted where an item goes to several receivers. */
  holders = 0

  constructor(
    bytes: Uint8Array,
    start: number,
    length: number,
    order: number,
    attachments: readonly unknown[] | undefined,
    tokens: readonly Token[] | undefined,
  ) {
    this.bytes = bytes
    this.start = start
    this.length = length
    this.order = order
    this.attachments = attachments
    this.tokens = tokens
  }

  /** Items that carry something beside their bytes travel in a frame of their own. */
  get travelsAlone(): boolean {
    return this.attachments !== undefined || this.tokens !== undefined
  }
}
