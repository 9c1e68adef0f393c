import { connect, type Msg, type NatsConnection } from '@nats-io/transport-node'
import type { Line, Side } from './side.ts'

/** Bytes that are published between two looks at the event loop; more than this makes it slower, and so does less. */
const flushEvery = 512 * 1024

/** Subjects of NATS core, with its client for Node: one `publish` for each item, one step of an iteration for each that comes. */
export class NatsSide implements Side {
  readonly #connection: NatsConnection
  readonly #running: Promise<void>[] = []

  private constructor(connection: NatsConnection) {
    this.#connection = connection
  }

  static async open(address: string): Promise<NatsSide> {
    return new NatsSide(await connect({ servers: address, noAsyncTraces: true }))
  }

  sender(line: Line, make: () => Uint8Array): Promise<(count: number) => Promise<void>> {
    const connection = this.#connection
    const every = Math.max(1, Math.floor(flushEvery / line.size))
    const send = async (count: number) => {
      for (let n = 1; n <= count; n++) {
        connection.publish(line.name, make())
        // It has no backpressure: a loop that never waits only fills memory.
        if (n % every === 0) await connection.flush()
      }
      await connection.flush()
    }
    return Promise.resolve(send)
  }

  async receive(line: Line, take: (item: Uint8Array) => Promise<void> | undefined): Promise<void> {
    const options = line.kind === 'shared' ? { queue: 'receivers' } : {}
    const subscription = this.#connection.subscribe(line.name, options)
    this.#run(async () => {
      for await (const { data } of subscription) {
        const pause = take(data)
        if (pause !== undefined) await pause
      }
    })
    // The server knows of it now.
    await this.#connection.flush()
  }

  async answer(line: Line): Promise<void> {
    const answered = (error: Error | null, message: Msg) => {
      if (error === null) message.respond(message.data)
    }
    this.#connection.subscribe(line.name, { callback: answered })
    await this.#connection.flush()
  }

  asker(line: Line): Promise<(item: Uint8Array) => Promise<Uint8Array>> {
    return Promise.resolve(async (item) => (await this.#connection.request(line.name, item)).data)
  }

  settle(): Promise<void> {
    return Promise.resolve()
  }

  async close(): Promise<void> {
    await this.#connection.close()
    await Promise.all(this.#running)
  }

  #run(loop: () => Promise<void>): void {
    this.#running.push(loop())
  }
}
