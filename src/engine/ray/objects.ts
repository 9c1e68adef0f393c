import type { Codec } from '../../codec/codec.ts'
import { ObjectFreedError, SerializationError } from '../../errors.ts'
import type { Connection, FrameSink } from '../../wire/connection.ts'
import { beginFrame, endFrame, FrameFlag, type FrameReader, FrameType } from '../../wire/frame.ts'
import { beginPut, largestPart, ObjectState, ValueFlag } from '../../wire/gateway-frames.ts'
import { HandleKind } from '../../wire/token.ts'
import { unsendable } from '../../wire/unsendable.ts'
import type { ClusterEngine } from '../cluster-engine.ts'
import type { ObjectEngine, ObjectPort, ObjectStoreStats, Progress } from '../object-engine.ts'
import type { ArrivalContext, Held } from './arrival-context.ts'
import { CallResult } from './calls/call-result.ts'
import type { RayClient } from './client.ts'
import { type ExportContext, exportContext } from './export-context.ts'
import { IncomingValues } from './incoming-values.ts'
import { type ArrivedValue, RayObject } from './ray-object.ts'
import { Share } from './share.ts'
import { Waits } from './waits.ts'

/** Makes the handle that users see. */
export type RefFactory = (object: ObjectPort) => unknown

/** The objects of the cluster that this process holds by number, and the frames that are about them. */
export class RayObjects implements ObjectEngine, FrameSink {
  readonly connection: Connection
  /** What code of this process waits for: objects, and results of calls. */
  readonly waits = new Waits()
  readonly #client: RayClient
  readonly #codec: Codec
  /** Told only when somebody asks for the store's statistics. */
  readonly #cluster: ClusterEngine
  /** Those of which something is to come. */
  readonly #expecting = new Map<number, RayObject>()
  /** Those whose number the other side may send back. */
  readonly #shared = new Map<number, WeakRef<RayObject>>()
  readonly #incoming = new IncomingValues()
  /** Whether a frame is being written, into which nothing else may be written. */
  writing = false
  #aside: (() => void)[] = []
  #results = 0
  readonly #collected = new FinalizationRegistry<Share>((share) => this.#giveBack(share))

  constructor(client: RayClient, cluster: ClusterEngine, makeRef: RefFactory) {
    this.#client = client
    this.#codec = client.codec
    this.#cluster = cluster
    this.connection = client.connection
    this.connection.calls = this
    client.land((type, stream, length) => {
      return type === FrameType.value ? this.#incoming.land(stream, length) : undefined
    })
    client.onArrival(HandleKind.objectRef, (number, [id], { held }, counted) => {
      const object = this.arrive(number, counted)
      if (typeof id === 'string') object.identify(id)
      const port = object.result ?? object
      held?.push(port)
      return makeRef(port)
    })
    client.onBorrowing(HandleKind.objectRef, ([id], borrow) => {
      const object = this.create()
      if (typeof id === 'string') object.identify(id)
      this.making(object, borrow(object.share.number))
      return makeRef(object)
    })
  }

  get client(): RayClient {
    return this.#client
  }

  get codec(): object {
    return this.#codec
  }

  get lost(): Error | undefined {
    return this.connection.lost
  }

  /** An object that the client makes: the frame or request that names its number is the caller's to send. */
  create(): RayObject {
    return this.#register(new Share(this.#client.nextNumber(), 1))
  }

  /** The number of another result of a call that is called something. */
  countResult(): number {
    return ++this.#results
  }

  /** An object that has failed before anything was sent. */
  failed(error: unknown): RayObject {
    const object = this.#register(new Share(this.#client.nextNumber(), 0))
    object.fail(error)
    return object
  }

  /** What is asked of the agent so that it makes the object. */
  making(object: RayObject, request: Promise<unknown>): void {
    request.catch((error: unknown) => object.fail(error))
  }

  put(value: unknown, progress?: Progress): RayObject {
    if (this.lost !== undefined) throw this.lost
    const context = exportContext()
    const { spare } = this.#client.uploads
    const writer = spare.writer()
    if (writer === undefined)
      return this.putBytes(this.#codec.encode(value, context, 'value'), context.handles, progress)
    this.#codec.encodeInto(writer, value, context, 'value')
    const object = this.putBytes(writer.bytes.subarray(0, writer.position), context.handles, progress)
    if (writer.position <= largestPart) spare.untouched(writer)
    return object
  }

  /** Stores a value that has been encoded. If it is large, its bytes are nobody else's any more. `held` is what the handles in it stand for. */
  putBytes(bytes: Uint8Array<ArrayBuffer>, held: readonly Held[], progress?: Progress): RayObject {
    const object = this.create()
    this.#store(object, bytes, held, progress)
    return object
  }

  /** Says that the object, which the client makes, will get its value later: by {@link storeAs} or {@link refuse}. */
  promise(object: RayObject): void {
    this.connection.notify('object.promise', [object.share.number])
  }

  /** Stores a value, of which the bytes stay the caller's, as that of an object that was promised. */
  storeAs(object: RayObject, bytes: Uint8Array<ArrayBuffer>, held: readonly Held[]): void {
    this.#store(object, bytes.byteLength > largestPart ? bytes.slice() : bytes, held)
  }

  /** What an object that was promised fails with. */
  refuse(object: RayObject, error: unknown): void {
    const { number } = object.share
    try {
      this.connection.notify('object.refuse', { number, error })
    } catch (cause) {
      this.connection.notify('object.refuse', { number, error: unsendable(error, cause) })
    }
    object.fail(error)
  }

  /**
   * Says something about an object that goes into a value: at once, or, while a call is being written straight into what leaves next, when that is done and
   * before it: see {@link writing}.
   */
  apart(say: () => void): void {
    if (this.writing) this.#aside.push(say)
    else say()
  }

  /** Whether something has to be said before the frame that has been written. */
  get hasAside(): boolean {
    return this.#aside.length > 0
  }

  sayAside(): void {
    const aside = this.#aside
    this.#aside = []
    for (const say of aside) say()
  }

  #store(object: RayObject, bytes: Uint8Array<ArrayBuffer>, held: readonly Held[], progress?: Progress): void {
    const { number } = object.share
    object.storing()
    if (bytes.byteLength <= largestPart) {
      const { out } = this.connection
      const start = beginPut(out, number, bytes.byteLength, false)
      out.writeBytes(bytes)
      endFrame(out, start)
      this.connection.wrote()
      if (progress !== undefined) queueMicrotask(() => progress(bytes.byteLength, bytes.byteLength))
      return
    }
    // The agent reads the handles when all has arrived: until then their numbers must not be released.
    for (const inner of held) inner.retain()
    const sent = () => {
      for (const inner of held) inner.release()
    }
    this.#client.uploads.start(number, bytes, { progress, flags: 0, sent })
  }

  /** Stores the bytes of a message, which are nobody else's any more: as they are, and as the hub's. */
  putMessage(bytes: Uint8Array<ArrayBuffer>): RayObject {
    if (this.lost !== undefined) throw this.lost
    const object = this.create()
    object.storing()
    const { number } = object.share
    this.#client.uploads.start(number, bytes, { progress: undefined, flags: ValueFlag.ofMessage, sent: () => {} })
    return object
  }

  async free(objects: readonly ObjectPort[]): Promise<void> {
    if (this.lost !== undefined) throw this.lost
    for (const object of objects) {
      // Ray is told what has become of it, and has nothing to free.
      if (object instanceof CallResult && !object.settled) object.lose(freed(object))
    }
    const known = objects
      .filter(({ failed }) => !failed)
      .map(inRay)
      .filter((object) => object !== undefined)
    if (known.length > 0) {
      await this.connection.request(
        'object.free',
        known.map(({ share }) => share.number),
      )
    }
    for (const object of objects as readonly (RayObject | CallResult)[]) {
      if (object instanceof CallResult) object.lose(freed(object))
      else object.fail(freed(object))
    }
  }

  /** Of Ray's object stores, all nodes together. */
  async stats(): Promise<ObjectStoreStats> {
    const [total, available] = await Promise.all([this.#cluster.total(), this.#cluster.available()])
    const limit = total.object_store_memory ?? 0
    const used = limit - (available.object_store_memory ?? limit)
    return { limit, used, published: undefined, pending: undefined }
  }

  /** The object of a number that has arrived inside a value. `counted`: the agent has counted this. */
  arrive(number: number, counted: boolean): RayObject {
    const known = this.#expecting.get(number) ?? this.#shared.get(number)?.deref()
    if (known !== undefined) {
      if (counted) known.share.counts++
      return known
    }
    const object = this.#register(new Share(number, counted ? 1 : 0))
    this.#shared.set(number, new WeakRef(object))
    return object
  }

  frame(frame: FrameReader): void {
    const object = this.#expecting.get(frame.stream)
    switch (frame.type) {
      case FrameType.value:
        this.#value(frame, object)
        return
      case FrameType.settled:
        object?.settledAs(frame.bytes[frame.position] ?? ObjectState.pending)
        return
      case FrameType.stored:
        this.#client.uploads.answered(frame.stream)
        if ((frame.flags & FrameFlag.error) === 0) object?.stored()
        else object?.fail(this.#decodeError({ bytes: frame.bytes, start: frame.position, end: frame.end }))
        return
      default:
    }
  }

  connectionLost(error: Error): void {
    this.#incoming.clear()
    for (const object of [...this.#expecting.values()]) object.fail(error)
  }

  encode(value: unknown, context: ExportContext, name: string): Uint8Array<ArrayBuffer> {
    return this.#codec.encode(value, context, name)
  }

  /** Another process, which waits for the object of that number, does not want it any more. */
  cancelled(number: number): void {
    const object = this.#shared.get(number)?.deref()
    if (object === undefined || this.lost !== undefined) return
    if (object.result !== undefined) object.result.call?.cancel(false)
    else
      this.connection
        .request('object.cancel', { number, force: false, recursive: true }, { keepAlive: false })
        .catch(() => {
          // It is gone, or ends with the session: there is nothing to cancel, and nobody to tell.
        })
  }

  // What follows is for RayObject.

  decode({ bytes, start, end }: ArrivedValue, context: ArrivalContext): unknown {
    return this.#codec.decode(bytes, start, end, context)
  }

  /** Reads a value for the sake of what it holds, which goes when it is collected. */
  discard(read: () => unknown): void {
    try {
      read()
    } catch {
      // Nobody asked for this value any more, so nobody is left to tell that it can not be read.
    }
  }

  expect(object: RayObject): void {
    this.#expecting.set(object.share.number, object)
  }

  expectNoMore(object: RayObject): void {
    const { number } = object.share
    if (this.#expecting.get(number) === object) this.#expecting.delete(number)
  }

  get(object: RayObject): void {
    // What is arriving already is what was asked for.
    if (!this.#incoming.isArriving(object.share.number)) this.#tell(FrameType.get, 0, object)
  }

  forgetGet(object: RayObject): void {
    if (!this.#incoming.isArriving(object.share.number)) this.#tell(FrameType.get, FrameFlag.error, object)
  }

  watch(object: RayObject): void {
    this.#tell(FrameType.watch, 0, object)
  }

  forgetWatch(object: RayObject): void {
    this.#tell(FrameType.watch, FrameFlag.error, object)
  }

  look(object: RayObject): void {
    this.#tell(FrameType.watch, FrameFlag.attempt, object)
  }

  /** The object's number goes into a value: it may come back. */
  checkExport(object: RayObject): void {
    const { number, counts } = object.share
    if (counts === 0) throw new SerializationError(`object ${object.id} was never made, or is not held any more`)
    if (!this.#shared.has(number)) this.#shared.set(number, new WeakRef(object))
  }

  drop(object: RayObject): void {
    this.#collected.unregister(object)
    this.#giveBack(object.share)
  }

  #register(share: Share): RayObject {
    const object = new RayObject(this, share)
    this.#collected.register(object, share, object)
    return object
  }

  #giveBack(share: Share): void {
    const { number } = share
    const shared = this.#shared.get(number)?.deref()
    if (shared === undefined || shared.share === share) this.#shared.delete(number)
    this.#client.releases.add(share)
  }

  #tell(type: number, flags: number, object: RayObject): void {
    if (this.lost !== undefined) return
    const { out } = this.connection
    endFrame(out, beginFrame(out, type, flags, object.share.number))
    this.connection.wrote()
  }

  #value(frame: FrameReader, object: RayObject | undefined): void {
    const incoming = this.#incoming.take(frame)
    if (incoming.t === 'part') {
      object?.progress(incoming.bytes, incoming.total)
      return
    }
    if (incoming.t === 'refused') {
      object?.fail(incoming.error)
      return
    }
    const { value } = incoming
    const failed = (frame.flags & FrameFlag.error) !== 0
    if (object === undefined) {
      this.discard(() => this.decode(value, {}))
    } else {
      const size = value.end - value.start
      object.progress(size, size)
      if (failed) object.fail(this.#decodeError(value))
      else object.arrived(value)
    }
  }

  #decodeError(value: ArrivedValue): unknown {
    try {
      return this.decode(value, {})
    } catch (error) {
      return error
    }
  }
}

function freed({ id }: ObjectPort): ObjectFreedError {
  return new ObjectFreedError(`object ${id} was freed`, { objectId: id })
}

/** What Ray knows an object of this engine's by; undefined when it does not know it. */
export function inRay(object: ObjectPort): RayObject | undefined {
  return object instanceof CallResult ? object.object : (object as RayObject)
}
