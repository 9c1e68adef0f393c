import { parentPort } from 'node:worker_threads'
import { expose } from 'comlink'
import nodeEndpoint from 'comlink/dist/umd/node-adapter.js'

class Adder {
  total = 0

  /** @param {number} n */
  add(n) {
    this.total += n
    return this.total
  }
}

const remote = {
  /** @param {number} n */
  echo: (n) => n,
  Adder,
}

expose(remote, nodeEndpoint(/** @type {import('node:worker_threads').MessagePort} */ (parentPort)))

/** @typedef {typeof remote} Remote */
