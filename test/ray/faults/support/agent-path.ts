import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { AgentEndpoint } from '@klaw/core'
import { onTestFinished } from 'vitest'

export interface AgentPathOptions {
  /** How many bytes the connection of that number, from 0, carries in both directions together before it is cut. Default: any number. */
  readonly budget?: (connection: number) => number
}

/** A way to an agent's port that the test can cut, silence or close: `connect(address, { agentAddress: path.lead })`. */
export class AgentPath {
  connections = 0
  /** Bytes, both directions together. */
  carried = 0
  /** Where the agent really is, once it was asked for. */
  agent: AgentEndpoint | undefined
  readonly #options: AgentPathOptions
  readonly #server = createServer({ pauseOnConnect: false }, (near) => this.#carry(near))
  readonly #sockets = new Set<Socket>()
  readonly #silenced = new WeakSet<Socket>()

  static async open(options: AgentPathOptions = {}): Promise<AgentPath> {
    const path = new AgentPath(options)
    path.#server.listen(0, '127.0.0.1')
    await once(path.#server, 'listening')
    onTestFinished(() => {
      path.close()
      path.cut()
    })
    return path
  }

  private constructor(options: AgentPathOptions) {
    this.#options = options
  }

  /** For the option `agentAddress`. */
  readonly lead = (agent: AgentEndpoint): AgentEndpoint => {
    this.agent = agent
    return { host: '127.0.0.1', port: (this.#server.address() as AddressInfo).port }
  }

  /** Breaks all connections. */
  cut(): void {
    for (const socket of this.#sockets) reset(socket)
  }

  /** Nothing comes through the connections that there are any more, and neither side is told. */
  silence(): void {
    for (const socket of this.#sockets) this.#silenced.add(socket)
  }

  /** Nobody can connect any more. */
  close(): void {
    if (this.#server.listening) this.#server.close()
  }

  #carry(near: Socket): void {
    const number = this.connections++
    let left = this.#options.budget?.(number) ?? Number.POSITIVE_INFINITY
    const far = connect(this.agent as AgentEndpoint)
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
        if (this.#silenced.has(from)) return
        const allowed = data.subarray(0, left)
        left -= allowed.length
        this.carried += allowed.length
        if (to.writable && !to.write(allowed)) {
          from.pause()
          to.once('drain', () => from.resume())
        }
        if (allowed.length === data.length) return
        reset(near)
        reset(far)
      })
    }
  }
}

/** Node never closes the handle of a socket that is reset while it ends. */
function reset(socket: Socket): void {
  if (socket.writableEnded) socket.destroy()
  else socket.resetAndDestroy()
}
