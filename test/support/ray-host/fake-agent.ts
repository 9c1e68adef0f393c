import { randomBytes } from 'node:crypto'
import type { TlsOptions } from 'node:tls'
import { Codec } from '../../../src/codec/codec.ts'
import { AcceptedConnections } from '../../../src/engine/ray/lane/listening/accepted-connections.ts'
import { Complaints } from '../../../src/engine/ray/lane/listening/complaints.ts'
import { Listener } from '../../../src/engine/ray/lane/listening/listener.ts'
import { Connection } from '../../../src/wire/connection.ts'
import type { Operation } from '../../../src/wire/operations.ts'

/** Where a child says that it listens. */
export interface Attached {
  readonly instance: string
  readonly host: string
  readonly port: number
  readonly token: string
  readonly tls: boolean
}

/** The agent in the parent of a Node child, without Ray: what it is asked for is recorded, what it asks the test decides. */
export class FakeParent implements AsyncDisposable {
  readonly operations = new Map<string, Operation>()
  /** Events of the child, by name. */
  readonly events: { readonly name: string; readonly argument: unknown }[] = []
  readonly attached: Promise<Attached>
  readonly token = randomBytes(32)
  readonly #connections: AcceptedConnections
  readonly #codec = new Codec({ handles: { decode: (kind, body) => ({ kind, body }) } })
  readonly #tls: boolean
  #connection: Connection | undefined
  #listener: Listener | undefined

  static async start(tls?: TlsOptions): Promise<FakeParent> {
    const parent = new FakeParent(tls !== undefined)
    parent.#listener = await Listener.start({ host: '127.0.0.1', connections: parent.#connections, tls })
    return parent
  }

  private constructor(tls: boolean) {
    this.#tls = tls
    const complaints = new Complaints(() => {})
    this.#connections = new AcceptedConnections({
      token: this.token,
      complaints,
      serve: (transport) => {
        this.#connection = new Connection(transport, this.#codec, this.operations)
      },
    })
    this.operations.set('session.open', () => ({
      rayVersion: '2.60.0',
      pythonVersion: '3.11.0',
      nodeId: 'aa',
      jobId: '01',
      namespace: 'klaw',
    }))
    this.operations.set('object.free', () => undefined)
    this.attached = new Promise((resolve) => {
      this.operations.set('host.attach', (attached: Attached) => resolve(attached))
    })
    for (const name of ['host.blocked', 'host.failing']) {
      this.operations.set(name, (argument: unknown) => void this.events.push({ name, argument }))
    }
  }

  /** What the child is told first. */
  get start() {
    const { port } = this.#listener as Listener
    const agent = { host: '127.0.0.1', port, token: this.token.toString('hex'), tls: this.#tls }
    return { agent, namespace: 'klaw', listen: '127.0.0.1' }
  }

  /** The session of the child. */
  get connection(): Connection {
    return this.#connection as Connection
  }

  ask(operation: string, argument: unknown, signal?: AbortSignal): Promise<unknown> {
    return this.connection.request(operation, argument, { signal })
  }

  /** Arguments as `host.create` and `host.run` have them. */
  packed(...args: readonly unknown[]) {
    return { args: args.map((argument) => this.#codec.encode(argument)), handles: [], resolved: [] }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener?.close()
    this.#connections.close()
  }
}
