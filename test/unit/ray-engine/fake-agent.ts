import { handleMakers } from '../../../src/api/handle-makers.ts'
import { systemClock } from '../../../src/api/system-clock.ts'
import { ByteWriter } from '../../../src/codec/byte-writer.ts'
import { Codec } from '../../../src/codec/codec.ts'
import { SerializerRegistry } from '../../../src/codec/serializer-registry.ts'
import type { CodeSource } from '../../../src/engine/ray/code/code-source.ts'
import { RayEngine } from '../../../src/engine/ray/engine.ts'
import { Connection } from '../../../src/wire/connection.ts'
import { beginFrame, endFrame, FrameFlag, type FrameReader, FrameType } from '../../../src/wire/frame.ts'
import { writeUint64 } from '../../../src/wire/gateway-frames.ts'
import type { Operation } from '../../../src/wire/operations.ts'
import type { Transport, TransportListener } from '../../../src/wire/transport.ts'

/** A frame that the client has sent. */
export interface Seen {
  readonly type: string
  readonly flags: number
  readonly stream: number
  readonly body: Uint8Array
}

const names = new Map<number, string>(Object.entries(FrameType).map(([name, type]) => [type, name]))

/** The agent's side of a connection, as a test plays it: what the client sends is recorded, what it gets the test decides. */
export class FakeAgent {
  readonly codec = new Codec({ handles: { decode: (kind, body) => ({ kind, body }) } })
  readonly seen: Seen[] = []
  readonly operations = new Map<string, Operation>()
  readonly transport: FakeTransport
  readonly #connection: Connection

  constructor(transport: FakeTransport) {
    this.transport = transport
    this.operations.set('session.open', () => ({
      rayVersion: '2.60.0',
      pythonVersion: '3.11.0',
      nodeId: 'aa',
      jobId: '01',
      namespace: 'klaw',
    }))
    this.operations.set('object.free', () => undefined)
    this.#connection = new Connection(transport.agentSide, this.codec, this.operations)
    this.#connection.strayFrame = (frame) => this.#record(frame)
  }

  /** What was sent of one type. */
  of(type: keyof typeof FrameType): Seen[] {
    return this.seen.filter((frame) => frame.type === type)
  }

  frame(type: number, flags: number, stream: number, write: (out: ByteWriter) => void = () => {}): void {
    const out = new ByteWriter()
    const start = beginFrame(out, type, flags, stream)
    write(out)
    endFrame(out, start)
    this.transport.agentSide.post(out.take())
  }

  /** Answers a `get`, in parts if there is a size for them. */
  value(stream: number, value: unknown, options: { readonly failed?: boolean; readonly part?: number } = {}): void {
    const bytes = this.codec.encode(value)
    const part = options.part ?? Math.max(bytes.byteLength, 1)
    const error = options.failed === true ? FrameFlag.error : 0
    for (let position = 0; position < bytes.byteLength; position += part) {
      const more = position + part < bytes.byteLength ? FrameFlag.more : 0
      this.frame(FrameType.value, error | more, stream, (out) => {
        if (position === 0) writeUint64(out, bytes.byteLength)
        out.writeBytes(bytes.subarray(position, position + part))
      })
    }
  }

  stored(stream: number): void {
    this.frame(FrameType.stored, 0, stream)
  }

  settled(stream: number, state: number): void {
    this.frame(FrameType.settled, 0, stream, (out) => out.writeUint8(state))
  }

  /** A handle inside a value that the agent writes. */
  handle(kind: number, body: unknown): unknown {
    return new FakeHandle(kind, body)
  }

  /** The connection is lost for good. */
  lose(error: Error): void {
    this.transport.lose(error)
  }

  /** The counts that the client has given up so far, by number. */
  released(): Map<number, number> {
    const counts = new Map<number, number>()
    for (const { body } of this.of('release')) {
      const view = new DataView(body.buffer, body.byteOffset, body.byteLength)
      for (let left = view.getUint32(0, true), position = 4; left > 0; left--, position += 8) {
        const number = view.getUint32(position, true)
        counts.set(number, (counts.get(number) ?? 0) + view.getUint32(position + 4, true))
      }
    }
    return counts
  }

  #record(frame: FrameReader): void {
    const body = frame.bytes.slice(frame.position, frame.end)
    this.seen.push({ type: names.get(frame.type) ?? '?', flags: frame.flags, stream: frame.stream, body })
  }
}

class FakeHandle {
  readonly #kind: number
  readonly #body: unknown

  constructor(kind: number, body: unknown) {
    this.#kind = kind
    this.#body = body
  }

  [Symbol.for('klaw.handle')](): { kind: number; body: unknown } {
    return { kind: this.#kind, body: this.#body }
  }
}

/** Both ends of a connection in memory. The client's end can be told that it has no room. */
export class FakeTransport implements Transport {
  readonly carriesAttachments = false
  readonly agentSide: Transport
  writable = true
  /** Whether the client keeps the process alive. */
  held = false
  #client: TransportListener | undefined
  #agent: TransportListener | undefined
  #writers: (() => void)[] = []
  #lost = false

  constructor() {
    this.agentSide = {
      carriesAttachments: false,
      start: (listener) => {
        this.#agent = listener
      },
      post: (chunk) => setImmediate(() => this.#lost || this.#client?.chunk(chunk, undefined)),
      ref: () => {},
      unref: () => {},
      close: () => this.lose(undefined),
    }
  }

  start(listener: TransportListener): void {
    this.#client = listener
  }

  post(chunk: Uint8Array<ArrayBuffer>): void {
    setImmediate(() => this.#agent?.chunk(chunk, undefined))
  }

  onWritable(listener: () => void): void {
    this.#writers.push(listener)
    if (this.writable) setImmediate(() => this.makeRoom())
  }

  makeRoom(): void {
    this.writable = true
    for (const writer of this.#writers.splice(0)) writer()
  }

  ref(): void {
    this.held = true
  }

  unref(): void {
    this.held = false
  }

  close(): void {
    this.#lost = true
  }

  lose(error: Error | undefined): void {
    if (this.#lost) return
    this.#lost = true
    this.#client?.closed(error)
  }
}

/** There is no code in TypeScript here. */
const noCode: CodeSource = {
  placeOf({ module }) {
    throw new Error(`${module} is nowhere`)
  },
}

/** An engine and the agent that it talks to. */
export async function startRig(code: CodeSource = noCode) {
  const transport = new FakeTransport()
  const agent = new FakeAgent(transport)
  let ended = 0
  const serializers = new SerializerRegistry()
  const engine = await RayEngine.start(transport, {
    makers: handleMakers,
    serializers,
    imports: [],
    lane: { lane: 'direct', notDirect: undefined },
    clock: systemClock,
    hubLanes: {
      choice: 'direct',
      reachedAt: () => Promise.reject(new Error('there is no hub here')),
      gracePeriod: undefined,
    },
    largeMessage: 100_000,
    code: () => code,
    end: async () => {
      ended++
    },
  })
  return { transport, agent, engine, serializers, ended: () => ended }
}

/** Lets the event loop turn until `done` holds. A condition that never does ends in the test's own timeout. */
export async function until(done: () => boolean): Promise<void> {
  while (!done()) await new Promise((resolve) => setImmediate(resolve))
}

/** Lets everything arrive that has been sent. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** The number behind what an object is called here. */
export function numberOf(ref: { readonly id: string } | undefined): number {
  return Number(ref?.id.split('.').at(-1))
}
