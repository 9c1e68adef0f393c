import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import type { TlsOptions } from 'node:tls'
import { directLanes } from '../../../../src/engine/ray/lane/direct-lane.ts'
import { newIdentity } from '../../../../src/engine/ray/lane/hello.ts'
import {
  AcceptedConnections,
  type AcceptedConnectionsOptions,
} from '../../../../src/engine/ray/lane/listening/accepted-connections.ts'
import { Complaints } from '../../../../src/engine/ray/lane/listening/complaints.ts'
import { Listener, type ListenerOptions } from '../../../../src/engine/ray/lane/listening/listener.ts'
import type { LaneTls } from '../../../../src/engine/ray/lane/open-lane.ts'
import { ResumableTransport } from '../../../../src/engine/ray/lane/resumable-transport.ts'
import { token } from '../agent-side.ts'
import { type Heard, listenTo } from '../rig.ts'

type Limits = Pick<ListenerOptions, 'patience' | 'mostUnknown'> & Pick<AcceptedConnectionsOptions, 'most'>

/** A listener, and what came of those who connected. */
export class ListeningSide implements AsyncDisposable {
  readonly log: string[] = []
  readonly transports: ResumableTransport[] = []
  readonly heard: Heard[] = []
  readonly connections: AcceptedConnections
  #listener: Listener | undefined

  static async start(limits: Limits = {}, tls?: TlsOptions): Promise<ListeningSide> {
    const side = new ListeningSide(limits)
    side.#listener = await Listener.start({ host: '127.0.0.1', connections: side.connections, tls, ...limits })
    return side
  }

  private constructor({ most }: Limits) {
    this.connections = new AcceptedConnections({
      token: Buffer.from(token, 'hex'),
      complaints: new Complaints((line) => this.log.push(line)),
      most,
      serve: (transport) => {
        this.transports.push(transport)
        this.heard.push(listenTo(transport))
      },
    })
  }

  get listener(): Listener {
    return this.#listener as Listener
  }

  get port(): number {
    return this.listener.port
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.listener.close()
    this.connections.close()
  }
}

/** A caller's transport. */
export function dial(port: number, options: { gracePeriod?: number; secret?: string; tls?: LaneTls } = {}) {
  const { gracePeriod, secret = token, tls } = options
  const factory = directLanes({ host: '127.0.0.1', port, tls })
  return ResumableTransport.connect({ factory, identity: newIdentity(secret, gracePeriod), deadline: 10_000 })
}

/** A socket that speaks whatever the test wants. */
export async function rawSocket(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}

/** What arrives on a socket until the other side has ended. */
export async function everything(socket: Socket): Promise<Buffer> {
  const parts: Buffer[] = []
  socket.on('data', (part: Buffer) => parts.push(part))
  if (!socket.closed) await once(socket, 'close')
  return Buffer.concat(parts)
}

/** Carries TCP connections to another port, and breaks them when it is told to. */
export class Cutter implements AsyncDisposable {
  readonly #server: Server
  readonly #target: number
  readonly #pairs = new Set<readonly [Socket, Socket]>()
  /** Connections that come are closed at once. */
  refuses = false

  static async start(target: number): Promise<Cutter> {
    const cutter = new Cutter(target)
    cutter.#server.listen(0, '127.0.0.1')
    await once(cutter.#server, 'listening')
    return cutter
  }

  private constructor(target: number) {
    this.#target = target
    this.#server = createServer((socket) => this.#carry(socket))
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port
  }

  cut(): void {
    for (const [from, to] of this.#pairs) {
      from.resetAndDestroy()
      to.resetAndDestroy()
    }
    this.#pairs.clear()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #carry(from: Socket): void {
    from.on('error', () => {})
    if (this.refuses) {
      from.destroy()
      return
    }
    const to = connect(this.#target, '127.0.0.1')
    to.on('error', () => {})
    const pair = [from, to] as const
    this.#pairs.add(pair)
    from.pipe(to)
    to.pipe(from)
    from.on('close', () => to.destroy())
    to.on('close', () => {
      from.destroy()
      this.#pairs.delete(pair)
    })
  }
}

/** Waits for a condition. One that never holds ends in the test's own timeout. */
export async function until(done: () => boolean): Promise<void> {
  while (!done()) await new Promise((resolve) => setTimeout(resolve, 2))
}
