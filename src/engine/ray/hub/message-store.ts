import { peekHandle } from '../../../codec/peek-handle.ts'
import { SerializationError } from '../../../errors.ts'
import { type EncodedValue, HandleKind, type Token } from '../../../wire/token.ts'
import { ObjectWaiter } from '../../object-engine.ts'
import type { MessageStore } from '../../remote/channel-host.ts'
import type { RayObjects } from '../objects.ts'
import type { RayObject } from '../ray-object.ts'

/** What the store needs of the connection to the hub. */
export interface ReferenceDesk {
  /** The bytes of a message that refers to the object, which the hub holds once this resolves, and their token. */
  refer(object: RayObject, size: number): Promise<{ readonly bytes: Uint8Array; readonly token: Token }>
  /** Asks for what such bytes refer to. */
  borrow(object: RayObject, bytes: Uint8Array, start: number, end: number): Promise<unknown>
}

/** Bytes of a frame that the hub takes, less what is needed beside a message. */
const largestInline = 15 * 1024 * 1024

/**
 * Keeps large messages in Ray's object store. They are the hub's: they outlive their producer, and go when they have been received, or dropped.
 */
export class RayMessageStore implements MessageStore {
  readonly threshold: number
  readonly largestInline = largestInline
  readonly #objects: RayObjects
  readonly #desk: ReferenceDesk

  constructor(objects: RayObjects, desk: ReferenceDesk, threshold: number) {
    this.#objects = objects
    this.#desk = desk
    this.threshold = threshold
  }

  async store(message: EncodedValue, signal: AbortSignal): Promise<EncodedValue> {
    const { bytes } = message
    const object = this.#objects.putMessage(bytes as Uint8Array<ArrayBuffer>)
    object.retain()
    try {
      await stored(object, signal)
      const { bytes: reference, token } = await this.#desk.refer(object, bytes.byteLength)
      return { bytes: reference, tokens: [...(message.tokens ?? []), token] }
    } finally {
      object.release()
    }
  }

  isStored(bytes: Uint8Array, start: number): boolean {
    return peekHandle(bytes, start) === HandleKind.storedMessage
  }

  async load(bytes: Uint8Array, start: number, end: number, signal: AbortSignal): Promise<Uint8Array> {
    const object = this.#objects.create()
    object.isMessage = true
    object.retain()
    try {
      this.#objects.making(object, this.#desk.borrow(object, bytes, start, end))
      const message = await fetched(object, signal)
      if (message instanceof Uint8Array) return message
      throw new SerializationError('what a message refers to is none')
    } finally {
      object.release()
    }
  }
}

/** Waits until the object is in the store. Rejects with what it failed with. */
async function stored(object: RayObject, signal: AbortSignal): Promise<void> {
  await outcome(object, false, signal, () => {
    if (object.failed) object.value()
  })
}

/** Waits until the object is here, and takes its value at once: large ones are not kept. Rejects with what it failed with. */
function fetched(object: RayObject, signal: AbortSignal): Promise<unknown> {
  return outcome(object, true, signal, () => object.value())
}

async function outcome<T>(object: RayObject, fetch: boolean, signal: AbortSignal, take: () => T): Promise<T> {
  signal.throwIfAborted()
  if (fetch ? object.fetched : object.settled) return take()
  return await new Promise<T>((resolve, reject) => {
    const waiter = new Settling(() => {
      signal.removeEventListener('abort', abort)
      try {
        resolve(take())
      } catch (error) {
        reject(error)
      }
    })
    const abort = () => {
      object.leave(waiter)
      reject(signal.reason)
    }
    signal.addEventListener('abort', abort, { once: true })
    object.park(waiter, fetch)
  })
}

class Settling extends ObjectWaiter {
  readonly #done: () => void

  constructor(done: () => void) {
    super()
    this.#done = done
  }

  settled(): void {
    this.#done()
  }
}
