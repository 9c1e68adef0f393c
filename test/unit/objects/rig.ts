import { MessageChannel } from 'node:worker_threads'
import { ObjectRef } from '../../../src/api/object-ref.ts'
import { SerializerRegistry } from '../../../src/codec/serializer-registry.ts'
import { Client } from '../../../src/engine/local/client.ts'
import { Hub } from '../../../src/engine/local/hub/hub.ts'
import { serveObjects } from '../../../src/engine/local/hub/objects.ts'
import { LocalObjects } from '../../../src/engine/local/local-objects.ts'

/** A hub and some threads' ends of the object store, all in this thread: real ports, real frames. */
export class Rig implements AsyncDisposable {
  readonly hub = new Hub()
  readonly #threads: LocalObjects[] = []

  constructor(limit = 1_000_000) {
    serveObjects(this.hub, limit)
  }

  async thread(): Promise<LocalObjects> {
    const { port1, port2 } = new MessageChannel()
    this.hub.accept(port2)
    const client = new Client(port1, new SerializerRegistry())
    await client.open()
    const objects = await LocalObjects.open(client, (object) => new ObjectRef(object))
    this.#threads.push(objects)
    return objects
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { client } of this.#threads) client.connection.close()
  }
}

/** Passes a value on as a call does: by a direct port, after the hub has heard of its handles, which are released once it has arrived. */
export async function pass<T>(from: LocalObjects, to: LocalObjects, value: T): Promise<T> {
  const { bytes, attachments, tokens } = from.encode(value, 'value', to.client.session)
  await from.client.barrier()
  const passed = to.client.codec.decode(bytes, 0, bytes.byteLength, { attachments }) as T
  await to.client.barrier()
  from.client.releaseTokens(tokens)
  await from.client.barrier()
  return passed
}

/** Lets the event loop turn until `done` holds. A condition that never does ends in the test's own timeout. */
export async function until(done: () => boolean): Promise<void> {
  while (!done()) await new Promise((resolve) => setImmediate(resolve))
}
