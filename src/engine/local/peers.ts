import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { Connection } from '../../wire/connection.ts'
import type { Operation, OperationContext } from '../../wire/operations.ts'
import type { Transport } from '../../wire/transport.ts'
import { Peer } from '../calls/peer.ts'
import type { Client } from './client.ts'
import { LoopbackTransport } from './loopback-transport.ts'
import { PortTransport } from './port-transport.ts'

/** Serves the calls that come from the session over the connection. */
export type ServeCalls = (connection: Connection, session: number) => void

const noOperations: ReadonlyMap<string, Operation> = new Map()

/** This thread's direct connections to other threads: one for each thread that it calls, and one for each that calls it. */
export class Peers {
  readonly #client: Client
  readonly #peers = new Map<number, Peer>()
  readonly #callers = new Set<Connection>()
  #serve: ServeCalls | undefined

  constructor(client: Client) {
    this.#client = client
    client.operations.set('peer.accept', ({ from }: { from: number }, context: OperationContext) => {
      const port = context.attachments?.[0] as MessagePort
      if (this.#serve === undefined) port.close()
      else this.#accept(new PortTransport(port), from)
    })
    client.connection.onLost((error) => {
      for (const connection of [...this.#callers]) connection.close(error)
      for (const peer of [...this.#peers.values()]) peer.connection.close(error)
    })
  }

  /** From now on other threads may call this one. */
  serve(serve: ServeCalls): void {
    this.#serve = serve
  }

  /** The thread of that session. Can be called at once; if the thread is gone, its calls are lost. */
  to(session: number): Peer {
    const known = this.#peers.get(session)
    if (known !== undefined) return known
    const peer = new Peer(session, this.#connect(session), this.#client, { origin: this.#client.session })
    this.#peers.set(session, peer)
    peer.connection.onLost(() => this.#peers.delete(session))
    return peer
  }

  /** Sends everything that has been written so far, since this thread is about to end. */
  flush(): void {
    for (const connection of this.#callers) connection.flush()
    for (const peer of this.#peers.values()) peer.connection.flush()
  }

  #connect(session: number): Transport {
    if (session === this.#client.session) {
      const [near, far] = LoopbackTransport.pair()
      this.#accept(far, session)
      return near
    }
    const { port1, port2 } = new MessageChannel()
    // The hub hands the port on, or closes it when there is no such thread any more. What is sent meanwhile waits in it.
    this.#client.connection.notify('peer.connect', { to: session }, [port2])
    return new PortTransport(port1)
  }

  #accept(transport: Transport, from: number): void {
    const connection = new Connection(transport, this.#client.codec, noOperations)
    this.#callers.add(connection)
    connection.onLost(() => this.#callers.delete(connection))
    this.#serve?.(connection, from)
  }
}
