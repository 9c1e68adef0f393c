import { Codec } from '../../../src/codec/codec.ts'
import { AcceptedConnections } from '../../../src/engine/ray/lane/listening/accepted-connections.ts'
import { Complaints } from '../../../src/engine/ray/lane/listening/complaints.ts'
import { Listener } from '../../../src/engine/ray/lane/listening/listener.ts'
import { Connection } from '../../../src/wire/connection.ts'
import type { Operation } from '../../../src/wire/operations.ts'
import { token } from './fake-child.ts'

/** A hub that knows of tokens only, and takes down what it is told. */
export class FakeHub implements AsyncDisposable {
  /** What was said, in order. */
  readonly said: { readonly operation: string; readonly argument: unknown }[] = []
  readonly #listener: Listener
  readonly #connections: AcceptedConnections

  static async start(): Promise<FakeHub> {
    const hub: { made?: FakeHub } = {}
    const connections = new AcceptedConnections({
      token: Buffer.from(token, 'hex'),
      complaints: new Complaints(() => {}),
      serve: (transport) => new Connection(transport, new Codec(), (hub.made as FakeHub).#operations()),
    })
    hub.made = new FakeHub(await Listener.start({ host: '127.0.0.1', connections }), connections)
    return hub.made
  }

  private constructor(listener: Listener, connections: AcceptedConnections) {
    this.#listener = listener
    this.#connections = connections
  }

  get address() {
    return { host: '127.0.0.1', port: this.#listener.port, token, tls: false, instance: 'hub' }
  }

  /** What was said of one kind. */
  of(operation: string): unknown[] {
    return this.said.filter((each) => each.operation === operation).map(({ argument }) => argument)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close()
    this.#connections.close()
  }

  #operations(): Map<string, Operation> {
    const answers: Record<string, unknown> = { 'session.open': { instance: 'hub' } }
    const operations = ['session.open', 'session.barrier', 'lease.export', 'lease.claim', 'lease.release']
    return new Map(
      operations.map((operation) => [
        operation,
        (argument: unknown) => {
          this.said.push({ operation, argument })
          return answers[operation]
        },
      ]),
    )
  }
}
