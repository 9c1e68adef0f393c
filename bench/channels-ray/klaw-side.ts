import {
  type BroadcastReceiver,
  type BroadcastSender,
  connect,
  type Receiver,
  type Runtime,
  type Sender,
} from '@klaw/core'
import type { Line, Side } from './side.ts'

/** Milliseconds: many processes may be starting. */
const patience = 120_000

/** Channels of klaw on a Ray cluster. */
export class KlawSide implements Side {
  readonly #runtime: Runtime
  /** Loops that end when the session does. */
  readonly #running: Promise<void>[] = []
  /** Opening a channel gives both of its ends, and this process uses one of them. */
  readonly #unused: { close(): Promise<void> | void }[] = []

  private constructor(runtime: Runtime) {
    this.#runtime = runtime
  }

  static async open(address: `ray://${string}`, lane: 'direct' | 'tunnel'): Promise<KlawSide> {
    return new KlawSide(await connect(address, { lane, timeout: patience }))
  }

  async sender(line: Line, make: () => Uint8Array): Promise<(count: number) => Promise<void>> {
    if (line.kind === 'broadcast') {
      const [tx, rx] = await this.#broadcast(line)
      this.#unused.push(rx)
      return async (count) => {
        for (let n = 0; n < count; n++) await tx.send(make())
      }
    }
    const [tx, rx] = await this.#channel(line.name, line.capacity)
    this.#unused.push(rx)
    return async (count) => {
      for (let n = 0; n < count; n++) await tx.send(make())
    }
  }

  async receive(line: Line, take: (item: Uint8Array) => Promise<void> | undefined): Promise<void> {
    const [tx, rx] =
      line.kind === 'broadcast' ? await this.#broadcast(line) : await this.#channel(line.name, line.capacity)
    this.#unused.push(tx)
    this.#run(async () => {
      for await (const item of rx) {
        const pause = take(item)
        if (pause !== undefined) await pause
      }
    })
  }

  async answer(line: Line): Promise<void> {
    const [[unused, questions], [answers, other]] = await this.#pair(line)
    this.#unused.push(unused, other)
    this.#run(async () => {
      for await (const item of questions) await answers.send(item)
    })
  }

  async asker(line: Line): Promise<(item: Uint8Array) => Promise<Uint8Array>> {
    const [[questions, unused], [other, answers]] = await this.#pair(line)
    this.#unused.push(unused, other)
    return async (item) => {
      await questions.send(item)
      return answers.recv()
    }
  }

  async settle(): Promise<void> {
    await Promise.all(this.#unused.splice(0).map((end) => end.close()))
  }

  async close(): Promise<void> {
    await this.#runtime.shutdown()
    await Promise.all(this.#running)
  }

  #channel(name: string, capacity: number): Promise<[Sender<Uint8Array>, Receiver<Uint8Array>]> {
    return this.#runtime.channel<Uint8Array>({ name, capacity })
  }

  #broadcast({ name, capacity }: Line): Promise<[BroadcastSender<Uint8Array>, BroadcastReceiver<Uint8Array>]> {
    return this.#runtime.broadcast<Uint8Array>({ name, capacity })
  }

  #pair({ name, capacity }: Line) {
    return Promise.all([this.#channel(`${name}-there`, capacity), this.#channel(`${name}-back`, capacity)])
  }

  #run(loop: () => Promise<void>): void {
    this.#running.push(
      loop().catch((error: unknown) => {
        // The end of the session is how such a loop ends; anything else is a failure that must be seen.
        if (!this.#runtime.isClosed) throw error
      }),
    )
  }
}
