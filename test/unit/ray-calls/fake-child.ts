import { Codec } from '../../../src/codec/codec.ts'
import type { CallHome } from '../../../src/engine/calls/call-home.ts'
import type { CallReceiver } from '../../../src/engine/calls/serving/answering.ts'
import { CallServer } from '../../../src/engine/calls/serving/call-server.ts'
import { Instance, type InstanceHome } from '../../../src/engine/calls/serving/instance.ts'
import { ThreadCalls } from '../../../src/engine/calls/serving/thread-calls.ts'
import type { ActorDescription } from '../../../src/engine/definition.ts'
import { AcceptedConnections } from '../../../src/engine/ray/lane/listening/accepted-connections.ts'
import { Complaints } from '../../../src/engine/ray/lane/listening/complaints.ts'
import { Listener } from '../../../src/engine/ray/lane/listening/listener.ts'
import type { ResumableTransport } from '../../../src/engine/ray/lane/resumable-transport.ts'
import { Connection } from '../../../src/wire/connection.ts'
import type { Token } from '../../../src/wire/token.ts'

export const token = '11'.repeat(32)

/** How an actor's process makes values into bytes, and what it tells the hub, as a test sees it. */
export class FakeHome implements CallHome {
  readonly codec: Codec
  readonly released: Token[] = []
  readonly claimsWait = true
  barriers = 0

  /** @param arrived makes what stands for a handle */
  constructor(arrived: (kind: number, body: unknown) => unknown = (kind, body) => ({ kind, body })) {
    this.codec = new Codec({ handles: { decode: arrived } })
  }

  readonly releaseTokens = (tokens: readonly Token[] | undefined): void => {
    this.released.push(...(tokens ?? []))
  }

  async barrier(): Promise<void> {
    this.barriers++
  }
}

/** The process of an actor in TypeScript, in this process: a port on which an instance is called. */
export class FakeChild implements InstanceHome, AsyncDisposable {
  static #made = 0
  readonly instance = `instance-${FakeChild.#made++}`
  readonly thread = new ThreadCalls({ loading: undefined, call: undefined, definitions: new Set() })
  readonly transports: ResumableTransport[] = []
  readonly connections: AcceptedConnections
  /** Connections that there are now. */
  open = 0
  readonly actor: Instance
  readonly #receivers = new Map<number, CallReceiver>()
  #listener: Listener | undefined
  #nextSlot = 2

  static async start(description: ActorDescription, target: object, home: CallHome = new FakeHome(), limit = 1) {
    const child = new FakeChild(description, target, home, limit)
    child.#listener = await Listener.start({ host: '127.0.0.1', connections: child.connections })
    return child
  }

  private constructor(description: ActorDescription, target: object, home: CallHome, limit: number) {
    this.actor = new Instance(this, 'actor', description, target, limit)
    this.#receivers.set(1, this.actor)
    this.connections = new AcceptedConnections({
      token: Buffer.from(token, 'hex'),
      complaints: new Complaints(() => {}),
      serve: (transport) => {
        this.transports.push(transport)
        const connection = new Connection(transport, home.codec, new Map())
        this.open++
        connection.onLost(() => this.open--)
        new CallServer(home, connection, { key: `${this.instance}.${this.transports.length}` }, (slot) =>
          this.#receivers.get(slot),
        )
      },
    })
  }

  get place() {
    const { port } = this.#listener as Listener
    return { instance: this.instance, host: '127.0.0.1', port, token, tls: false }
  }

  add(receiver: CallReceiver): number {
    const slot = this.#nextSlot++
    this.#receivers.set(slot, receiver)
    return slot
  }

  remove(slot: number): void {
    this.#receivers.delete(slot)
  }

  /** As if the process had been killed: nobody can connect, connections end. */
  kill(): void {
    this.#listener?.close()
    this.connections.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill()
  }
}
