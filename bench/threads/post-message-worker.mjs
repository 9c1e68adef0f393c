import { parentPort } from 'node:worker_threads'
import { Sequence } from './items.mjs'
import { postItems } from './post-items.mjs'

/**
 * The other thread of the postMessage benchmarks. Its orders, from the main thread:
 *
 * - `{ connect: port }`: items come and go by this port instead
 * - `{ receive: count }`: answers with what it received once it has `count` items, single or in arrays
 * - `{ send: count, kind, batch }`: sends items
 * - `{ mirror: true }`: sends back what it receives
 */
const main = /** @type {import('node:worker_threads').MessagePort} */ (parentPort)
let port = main
let sequence = new Sequence()
/** 0 while it is not known. */
let expected = 0
let mirrors = false

main.on('message', (message) => {
  if (message.connect !== undefined) {
    port = message.connect
    port.on('message', take)
  } else if (message.receive !== undefined) {
    // Items that come by another port may have been faster than this order.
    expected = message.receive
    tell()
  } else if (message.send !== undefined) postItems(port, message.kind, message.send, message.batch)
  else if (message.mirror !== undefined) mirrors = message.mirror
  else take(message)
})

/** @param {any} message */
function take(message) {
  if (mirrors) return port.postMessage(message)
  if (Array.isArray(message)) for (const item of message) sequence.add(item)
  else sequence.add(message)
  tell()
}

function tell() {
  if (sequence.count !== expected) return
  main.postMessage({ ...sequence })
  sequence = new Sequence()
  expected = 0
}
