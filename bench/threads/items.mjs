/**
 * What is sent between threads: numbered, so that whoever receives it can tell whether anything is missing.
 *
 * @typedef {'object-100-bytes' | 'bytes-1-kb'} Kind
 * @typedef {{ n: number, kind: string, sensor: string, unit: string, value: number, valid: boolean }} Reading
 * @typedef {Reading | Uint8Array} Item
 * @typedef {{ count: number, wrong: number }} Received
 */

/**
 * A new item. The object is 100 bytes of JSON when `n` has five digits.
 *
 * @param {Kind} kind
 * @param {number} n
 * @returns {Item}
 */
export function makeItem(kind, n) {
  if (kind === 'object-100-bytes') {
    return { n, kind: 'measurement', sensor: 'boiler-17/in', unit: 'celsius', value: 71.25, valid: true }
  }
  const bytes = new Uint8Array(1024)
  bytes[0] = n
  bytes[1] = n >> 8
  bytes[2] = n >> 16
  bytes[1023] = 1
  return bytes
}

/**
 * The number that an item was made with, at least its lowest 24 bits. -1 when it is not what was made.
 *
 * @param {Item} item
 * @returns {number}
 */
export function numberOf(item) {
  if (!(item instanceof Uint8Array)) return item.valid && item.sensor === 'boiler-17/in' ? item.n : -1
  if (item.length !== 1024 || item[1023] !== 1) return -1
  return /** @type {number} */ (item[0]) | /** @type {number} */ (item[1] << 8) | /** @type {number} */ (item[2] << 16)
}

/** Counts items, and whether they are 0, 1, 2, … in this order. */
export class Sequence {
  count = 0
  /** The first that was not what it should be. */
  wrong = -1

  /** @param {Item} item */
  add(item) {
    if (numberOf(item) !== this.count && this.wrong === -1) this.wrong = this.count
    this.count++
  }
}
