import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { FrameRuler } from './frame-ruler.ts'

/** Bytes of what is said before the first frame: docs/gateway.md, "Connection". */
const helloLength = 64
const answerLength = 16

type Direction = 'up' | 'down'

/** Where a TCP connection breaks. */
export interface Cut {
  /** `up`: from the client to the hub. */
  readonly direction: Direction
  /** The number of a frame, counted over the whole connection, whatever TCP connections it has had; or what is said before frames. */
  readonly frame: number | 'greeting'
  /** How many of its bytes get through: none, some of its length field, or some of its body. */
  readonly part: 'none' | 'length' | 'body'
  /** Whether both sides are told that it broke, or that it has ended. */
  readonly how: 'reset' | 'end'
}

/** Stands before a port and cuts each TCP connection where the next one of `cuts` says; those after the last stay. */
export class FrameCutter implements AsyncDisposable {
  connections = 0
  /** How many of the cuts have been made. */
  made = 0
  readonly #cuts: readonly Cut[]
  readonly #target: { readonly host: string; readonly port: number }
  readonly #server = createServer((near) => this.#carry(near))
  readonly #sockets = new Set<Socket>()
  readonly #rulers = { up: new FrameRuler(), down: new FrameRuler() }

  static async before(target: { host: string; port: number }, cuts: readonly Cut[]): Promise<FrameCutter> {
    const cutter = new FrameCutter(target, cuts)
    cutter.#server.listen(0, '127.0.0.1')
    await once(cutter.#server, 'listening')
    return cutter
  }

  private constructor(target: { host: string; port: number }, cuts: readonly Cut[]) {
    this.#target = { host: target.host, port: target.port }
    this.#cuts = cuts
  }

  get address(): { readonly host: string; readonly port: number } {
    return { host: '127.0.0.1', port: (this.#server.address() as AddressInfo).port }
  }

  get isDone(): boolean {
    return this.made === this.#cuts.length
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
    await once(this.#server, 'close')
  }

  #carry(near: Socket): void {
    this.connections++
    const far = connect(this.#target)
    near.setNoDelay(true)
    far.setNoDelay(true)
    const cut = this.#cuts[this.made]
    const broken = () => {
      this.made++
      for (const socket of [near, far]) {
        // What was passed on arrives; what was not is lost with the connection.
        if (cut?.how === 'end') socket.destroySoon()
        else reset(socket)
      }
    }
    // Where each stream goes on: the hello says it of the hub's, its answer of the client's.
    const lines = { up: new Line(helloLength, 56), down: new Line(answerLength, 8) }
    let isOver = false
    for (const [direction, from, to] of [
      ['up', near, far],
      ['down', far, near],
    ] as const) {
      this.#sockets.add(from)
      from.on('error', () => undefined)
      from.on('close', () => {
        this.#sockets.delete(from)
        to.destroySoon()
      })
      from.on('data', (data) => {
        if (isOver) return
        const line = lines[direction]
        const other = lines[direction === 'up' ? 'down' : 'up']
        const { greeting, frames } = line.take(data)
        const ruler = this.#rulers[direction]
        // The other side's greeting has said where this stream goes on: nobody sends frames before it was there.
        const position = (other.says ?? 0) + line.passed
        ruler.see(position, frames)
        line.passed += frames.length
        const end = cut?.direction === direction ? this.#end(cut, greeting, position, frames.length, ruler) : undefined
        const allowed = end === undefined ? data : data.subarray(0, end)
        if (to.writable && !to.write(allowed)) {
          from.pause()
          to.once('drain', () => from.resume())
        }
        if (end === undefined) return
        isOver = true
        broken()
      })
    }
  }

  /** How many of the bytes get through before the cut; undefined: all, and it is not due. */
  #end(cut: Cut, greeting: number, position: number, length: number, ruler: FrameRuler): number | undefined {
    if (cut.frame === 'greeting') {
      if (greeting === 0) return undefined
      return cut.part === 'none' ? 0 : cut.part === 'length' ? Math.min(3, greeting) : greeting
    }
    // A greeting alone has not been answered yet.
    if (length === 0) return undefined
    const start = ruler.start(cut.frame)
    if (start === undefined) return undefined
    const next = ruler.start(cut.frame + 1)
    if (cut.part === 'body' && next === undefined) return undefined
    const target =
      cut.part === 'none' ? start : cut.part === 'length' ? start + 2 : Math.floor((start + 4 + (next ?? 0)) / 2)
    if (target > position + length) return undefined
    return greeting + Math.max(0, target - position)
  }
}

/** One direction of one TCP connection. */
class Line {
  /** The position that its greeting says, once it is there. */
  says: number | undefined
  /** Bytes of frames so far. */
  passed = 0
  #greeting = Buffer.alloc(0)
  readonly #length: number
  readonly #field: number

  constructor(length: number, field: number) {
    this.#length = length
    this.#field = field
  }

  /** How many of the bytes belong to the greeting, and what comes behind it. */
  take(data: Buffer): { greeting: number; frames: Buffer } {
    const greeting = Math.min(data.length, this.#length - this.#greeting.length)
    if (greeting > 0) {
      this.#greeting = Buffer.concat([this.#greeting, data.subarray(0, greeting)])
      if (this.#greeting.length === this.#length) this.says = Number(this.#greeting.readBigUInt64LE(this.#field))
    }
    return { greeting, frames: data.subarray(greeting) }
  }
}

/** Node never closes the handle of a socket that is reset while it ends. */
function reset(socket: Socket): void {
  if (socket.writableEnded) socket.destroy()
  else socket.resetAndDestroy()
}
