import { makeItem } from './items.mjs'

/**
 * Posts items one by one, or in arrays of `batch`.
 *
 * @param {{ postMessage(message: unknown): void }} port
 * @param {import('./items.mjs').Kind} kind
 * @param {number} count
 * @param {number} batch
 */
export function postItems(port, kind, count, batch) {
  if (batch === 1) {
    for (let n = 0; n < count; n++) port.postMessage(makeItem(kind, n))
    return
  }
  for (let from = 0; from < count; from += batch) {
    const items = []
    const to = Math.min(count, from + batch)
    for (let n = from; n < to; n++) items.push(makeItem(kind, n))
    port.postMessage(items)
  }
}
