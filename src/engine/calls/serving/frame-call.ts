import type { DecodeContext } from '../../../codec/handles.ts'
import { CallFlag, type CallHeader } from '../../../wire/call-frames.ts'
import type { FrameReader } from '../../../wire/frame.ts'
import { isRef } from '../../object-engine.ts'
import type { CallHome } from '../call-home.ts'
import type { Answering } from './answering.ts'
import { IncomingCall } from './incoming-call.ts'
import { resolveRef } from './resolve-ref.ts'

const keeping: DecodeContext = { keepCustom: true }

/** A call that came as a frame: its arguments are read when it is its turn. */
export class FrameCall extends IncomingCall {
  readonly #home: CallHome
  readonly #flags: number
  readonly #count: number
  // The frame: its chunk, and where the lengths and the arguments stand in it.
  readonly #view: DataView
  readonly #bytes: Uint8Array
  readonly #lengths: number
  readonly #payload: number
  readonly #attachments: readonly unknown[] | undefined
  /** Those that had to be read before. */
  #resolved: unknown[] | undefined

  /** `frame` and `header` are read at once, and may be used again. */
  constructor(server: Answering, home: CallHome, method: string, frame: FrameReader, header: CallHeader) {
    super(server, frame.stream, method)
    this.#home = home
    this.#flags = frame.flags
    this.#view = frame.view
    this.#bytes = frame.bytes
    this.#payload = frame.position
    this.#attachments = frame.attachments
    this.#lengths = header.lengths
    this.#count = header.count
  }

  get hasHandles(): boolean {
    return (this.#flags & CallFlag.tokens) !== 0
  }

  /** Whether arguments that are refs are to be {@link resolve}d before its turn. */
  get hasRefs(): boolean {
    return (this.#flags & CallFlag.resolve) !== 0
  }

  /** Reads the arguments, and gets the values of those that are refs. Rejects with why they can not be had. */
  async resolve(): Promise<void> {
    const args = this.#read()
    this.#resolved = await Promise.all(args.map((argument) => (isRef(argument) ? resolveRef(argument) : argument)))
  }

  arguments(): unknown[] {
    return this.#resolved ?? this.#read()
  }

  #read(): unknown[] {
    try {
      return this.#decode()
    } finally {
      if (this.hasHandles && this.#home.claimsWait) {
        // Asked for now, since the answer waits for it.
        this.claims = this.#home.barrier()
        this.claims.catch(() => {
          // Whoever waits for it is told.
        })
      }
    }
  }

  #decode(): unknown[] {
    const count = this.#count
    const args: unknown[] = []
    const { codec } = this.#home
    const { keepCustom } = this
    let position = this.#payload
    if ((this.#flags & CallFlag.attachments) === 0) {
      for (let index = 0; index < count; index++) {
        const end = position + this.#view.getUint32(this.#lengths + index * 4, true)
        args.push(codec.decode(this.#bytes, position, end, keepCustom ? keeping : undefined))
        position = end
      }
      return args
    }
    let attached = 0
    for (let index = 0; index < count; index++) {
      const end = position + this.#view.getUint32(this.#lengths + index * 4, true)
      const next = attached + this.#view.getUint32(this.#lengths + (count + index) * 4, true)
      const attachments = this.#attachments?.slice(attached, next)
      args.push(codec.decode(this.#bytes, position, end, { attachments, keepCustom }))
      position = end
      attached = next
    }
    return args
  }
}
