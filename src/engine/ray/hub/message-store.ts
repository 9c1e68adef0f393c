import { peekHandle } from '../../../codec/peek-handle.ts'
import { SerializationError } from '../../../errors.ts'
import { type EncodedValue, HandleKind, type Token } from '../../../wire/token.ts'
import { ObjectWaiter } from '../../object-engine.ts'
import type { MessageStore } from '../../remote/channel-host.ts'
import type { RayObjects } from '../objects.ts'
import type { RayObject } from '../ray-object.ts'

/** A message that refers to an object. */
interface Reference {
  readonly bytes: Uint8Array
  readonly token: Token
}

/** What the store needs of the connection to the hub. */
export interface ReferenceDesk {
  /** Makes a message that refers to the object, which the hub holds once this resolves. */
  refer(object: RayObject, size: number): Promise<Reference>
  /** A reference is not sent after all. */
  forget(token: Token): void
  /** What such a message refers to, and how many bytes that has. */
  read(bytes: Uint8Array, start: number, end: number): { readonly token: Token; readonly size: number }
  /** Asks the hub for what the token stands for. */
  borrow(object: RayObject, token: Token): Promise<unknown>
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
      const { bytes: reference, token } = await this.#keep(object, bytes.byteLength, signal)
      return { bytes: reference, tokens: [...(message.tokens ?? []), token] }
    } finally {
      object.release()
    }
  }

  sizeOf(bytes: Uint8Array, start: number, end: number): number | undefined {
    if (peekHandle(bytes, start) !== HandleKind.storedMessage) return undefined
    return this.#desk.read(bytes, start, end).size
  }

  /** The hub takes hold of the object while that is being stored. Once both is done, nothing of this session is needed for it any more. */
  async #keep(object: RayObject, size: number, signal: AbortSignal): Promise<Reference> {
    const [referring, storing] = await Promise.allSettled([this.#desk.refer(object, size), stored(object, signal)])
    if (referring.status === 'rejected') throw referring.reason
    if (storing.status === 'fulfilled') return referring.value
    this.#desk.forget(referring.value.token)
    throw storing.reason
  }

  async load(bytes: Uint8Array, start: number, end: number, signal: AbortSignal): Promise<Uint8Array> {
    const object = this.#objects.create()
    object.isMessage = true
    object.retain()
    try {
      this.#objects.making(object, this.#desk.borrow(object, this.#desk.read(bytes, start, end).token))
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
