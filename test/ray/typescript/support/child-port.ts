import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { AskedEndpoint } from '@klaw/core'
import { expect, onTestFinished } from 'vitest'

/** Bytes of a hello, and where its token stands: docs/gateway.md, "Connection". */
const helloLength = 64
const tokenPlace = [8, 40] as const

/** The port of an actor's process, as those find it who have no business there; and what its callers say first. */
export class ChildPort {
  /** Where the process listens, once somebody has asked for it. */
  endpoint: AskedEndpoint | undefined
  /** What the first caller has said. */
  #hello = Buffer.alloc(0)
  readonly #server = createServer((near) => this.#carry(near))
  readonly #sockets = new Set<Socket>()

  static async open(): Promise<ChildPort> {
    const port = new ChildPort()
    port.#server.listen(0, '127.0.0.1')
    await once(port.#server, 'listening')
    onTestFinished(() => {
      port.#server.close()
      for (const socket of port.#sockets) socket.destroy()
    })
    return port
  }

  /** For the option `agentAddress`. */
  readonly lead = (asked: AskedEndpoint): { host: string; port: number } => {
    if (asked.role !== 'actor') return asked
    this.endpoint = asked
    return { host: '127.0.0.1', port: (this.#server.address() as AddressInfo).port }
  }

  /** The secret that callers know. */
  get token(): Buffer {
    expect(this.#hello.length, 'nobody has called yet').toBe(helloLength)
    return this.#hello.subarray(...tokenPlace)
  }

  /** Connects to the process itself, and says that. */
  knock(bytes: Uint8Array): Socket {
    const { host, port } = this.endpoint ?? expect.fail('nobody has called yet')
    const socket = connect({ host, port })
    socket.on('error', () => {})
    onTestFinished(() => void socket.destroy())
    socket.write(bytes)
    return socket
  }

  #carry(near: Socket): void {
    const far = connect(this.endpoint as AskedEndpoint)
    near.on('data', (data) => {
      this.#hello = Buffer.concat([this.#hello, data.subarray(0, helloLength - this.#hello.length)])
    })
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(from)
      from.on('error', () => {})
      from.on('close', () => {
        this.#sockets.delete(from)
        to.destroySoon()
      })
      from.pipe(to)
    }
  }
}
