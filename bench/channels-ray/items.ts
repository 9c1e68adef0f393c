/** Bytes of all items that exist at a time; and the bounds of how many there are. */
const allBytes = 512 * 1024
const fewest = 8
const most = 4096

/**
 * Items of one sender, which are made once and used in turns; they begin with u32 of the sender and u32 of the number. NATS keeps what it is given until
 * its buffer of 32 KB is full, so an item must not be written to again before that.
 */
export class Items {
  readonly #items: readonly Uint8Array[]
  /** The number of the next one. */
  next = 0

  constructor(sender: number, size: number) {
    const count = Math.max(fewest, Math.min(most, Math.floor(allBytes / size)))
    this.#items = Array.from({ length: count }, () => {
      const item = new Uint8Array(size).fill(sender)
      writeU32(item, 0, sender)
      return item
    })
  }

  make(): Uint8Array {
    const number = this.next++
    const item = this.#items[number % this.#items.length] as Uint8Array
    writeU32(item, 4, number)
    return item
  }
}

export function senderOf(item: Uint8Array): number {
  return readU32(item, 0)
}

export function numberOf(item: Uint8Array): number {
  return readU32(item, 4)
}

function writeU32(bytes: Uint8Array, position: number, value: number): void {
  bytes[position] = value
  bytes[position + 1] = value >>> 8
  bytes[position + 2] = value >>> 16
  bytes[position + 3] = value >>> 24
}

function readU32(bytes: Uint8Array, position: number): number {
  const low = (bytes[position] as number) | ((bytes[position + 1] as number) << 8)
  return (low | ((bytes[position + 2] as number) << 16) | ((bytes[position + 3] as number) << 24)) >>> 0
}
