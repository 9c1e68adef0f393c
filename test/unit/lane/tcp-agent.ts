import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'
import type { AgentSide, Pipe } from './agent-side.ts'

/** An {@link AgentSide} behind a port of its own. */
export class TcpAgent implements AsyncDisposable {
  readonly sockets = new Set<Socket>()
  readonly #server: Server

  static async listen(agent: AgentSide, tls?: TlsOptions): Promise<TcpAgent> {
    const server = tls === undefined ? createServer() : createTlsServer(tls)
    const tcp = new TcpAgent(server)
    server.on(tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) => tcp.#serve(socket, agent))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return tcp
  }

  private constructor(server: Server) {
    this.#server = server
  }

  get address(): { host: string; port: number } {
    return { host: '127.0.0.1', port: (this.#server.address() as AddressInfo).port }
  }

  /** Breaks every connection, without a last word. */
  cut(): void {
    for (const socket of this.sockets) socket.resetAndDestroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close()
    for (const socket of this.sockets) socket.destroy()
    await once(this.#server, 'close')
  }

  #serve(socket: Socket, agent: AgentSide): void {
    this.sockets.add(socket)
    const pipe: Pipe = { send: (bytes) => void socket.write(bytes), end: () => void socket.end() }
    const take = agent.accept(pipe)
    socket.on('data', take)
    // What a cut leaves behind; the other side finds out by itself.
    socket.on('error', () => undefined)
    socket.on('close', () => {
      this.sockets.delete(socket)
      agent.lost(pipe)
    })
  }
}
