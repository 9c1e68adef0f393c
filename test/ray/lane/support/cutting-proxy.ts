import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import type { DirectAddress } from '../../../../src/engine/ray/lane/direct-lane.ts'

/** Stands before a port. Each connection in turn carries as many bytes as `budgets` says, both directions together; those after the last, any. */
export class CuttingProxy implements AsyncDisposable {
  connections = 0
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  static async before(target: DirectAddress, budgets: readonly number[]): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(target, budgets)
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  private constructor(target: DirectAddress, budgets: readonly number[]) {
    this.#server = createServer((near) => {
      let left = budgets[this.connections++] ?? Number.POSITIVE_INFINITY
      const far = connect(target)
      const cut = () => {
        near.resetAndDestroy()
        far.resetAndDestroy()
      }
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(from)
        // What a cut leaves behind.
        from.on('error', () => undefined)
        from.on('close', () => {
          this.#sockets.delete(from)
          to.destroySoon()
        })
        from.on('data', (data) => {
          const allowed = data.subarray(0, left)
          left -= allowed.length
          if (to.writable && !to.write(allowed)) {
            from.pause()
            to.once('drain', () => from.resume())
          }
          if (allowed.length < data.length) cut()
        })
      }
    })
  }

  get address(): DirectAddress {
    return { host: '127.0.0.1', port: (this.#server.address() as AddressInfo).port }
  }

  /** Breaks all connections. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
    await once(this.#server, 'close')
  }
}
