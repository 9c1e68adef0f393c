import { FrameType } from '../../../src/wire/frame.ts'

/** What carries an agent's bytes to the client. */
export interface Pipe {
  send(bytes: Uint8Array): void
  end(): void
}

export const token = '5a'.repeat(32)

/** A frame of `type`, a body of that many bytes. */
export function frameOf(type: number, length = 0, fill = 0): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(12 + length).fill(fill)
  const view = new DataView(frame.buffer)
  view.setUint32(0, 8 + length, true)
  view.setUint32(4, type, true)
  view.setUint32(8, 0, true)
  return frame
}

/** The frames of a chunk, each in hex. */
export function framesOf(chunk: Uint8Array): string[] {
  const frames: string[] = []
  const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
  for (let start = 0; start < bytes.length; ) {
    const end = start + 4 + bytes.readUInt32LE(start)
    frames.push(bytes.subarray(start, end).toString('hex'))
    start = end
  }
  return frames
}

/** A stand-in for the agent: its side of docs/gateway.md, "Connection", written for tests and not for speed. */
export class AgentSide {
  /** What hellos have said about how long the connection is to be kept, in seconds. */
  readonly graces: number[] = []
  /** Hellos so far: flags and the position that the client announced. */
  readonly hellos: { resume: boolean; received: number }[] = []
  /** Frames other than those of the connection itself, in hex. */
  readonly frames: string[] = []
  readonly pings: number[] = []
  /** Bytes of the agent's stream that the client has confirmed. */
  confirmed = 0
  goodbye = false
  /** Says this to the next hellos; undefined: what is right. */
  status: number | undefined
  version = 1
  /** Added to what it says that it has received. */
  exaggeration = 0
  answersPings = true
  /** Confirms after so many bytes. */
  confirmEvery = 64
  onFrame: ((frame: string) => void) | undefined
  #known: Buffer | undefined
  #sent: Buffer = Buffer.alloc(0)
  #received = 0
  #reported = 0
  #partial: Buffer = Buffer.alloc(0)
  #pipe: Pipe | undefined

  /** A lane has come; returns what takes its bytes. */
  accept(pipe: Pipe): (bytes: Uint8Array) => void {
    let hello: Buffer = Buffer.alloc(0)
    return (bytes) => {
      let rest: Buffer = Buffer.from(bytes)
      if (hello.length < 64) {
        hello = Buffer.concat([hello, rest])
        if (hello.length < 64) return
        rest = hello.subarray(64)
        hello = hello.subarray(0, 64)
        this.#welcome(hello, pipe)
      }
      if (this.#pipe === pipe && rest.length > 0) this.#receive(rest)
    }
  }

  /** The lane is gone. */
  lost(pipe: Pipe): void {
    if (this.#pipe === pipe) this.#pipe = undefined
  }

  /** Sends bytes, of frames or not. */
  send(bytes: Uint8Array): void {
    this.#sent = Buffer.concat([this.#sent, bytes])
    this.#pipe?.send(bytes)
  }

  confirm(): void {
    this.#reported = this.#received
    const frame = frameOf(FrameType.received, 8)
    new DataView(frame.buffer).setBigUint64(12, BigInt(this.#received), true)
    this.send(frame)
  }

  #welcome(hello: Buffer, pipe: Pipe): void {
    const resume = hello[5] === 1
    const position = Number(hello.readBigUInt64LE(56))
    this.hellos.push({ resume, received: position })
    this.graces.push(hello.readUInt16LE(6))
    const known = this.#known?.equals(hello.subarray(40, 56)) === true
    const right = hello.subarray(8, 40).toString('hex') === token
    const status = this.status ?? (right ? (resume && !known ? 3 : 0) : 1)
    if (status === 0 && !resume) {
      this.#known = hello.subarray(40, 56)
      this.#sent = Buffer.alloc(0)
      this.#received = 0
      this.#reported = 0
      this.#partial = Buffer.alloc(0)
    }
    const answer = Buffer.alloc(16)
    answer.write('KLAW')
    answer[4] = this.version
    answer[5] = status
    answer.writeBigUInt64LE(BigInt(this.#received + this.exaggeration), 8)
    pipe.send(answer)
    if (status !== 0) {
      pipe.end()
      return
    }
    this.#pipe = pipe
    if (position < this.#sent.length) pipe.send(this.#sent.subarray(position))
  }

  #receive(bytes: Buffer): void {
    this.#received += bytes.length
    this.#partial = this.#partial.length === 0 ? bytes : Buffer.concat([this.#partial, bytes])
    for (;;) {
      if (this.#partial.length < 4) break
      const end = 4 + this.#partial.readUInt32LE(0)
      if (this.#partial.length < end) break
      const frame = this.#partial.subarray(0, end)
      this.#partial = this.#partial.subarray(end)
      this.#take(frame)
    }
    if (this.#received - this.#reported >= this.confirmEvery) this.confirm()
  }

  #take(frame: Buffer): void {
    switch (frame[4]) {
      case FrameType.received:
        this.confirmed = Number(frame.readBigUInt64LE(12))
        return
      case FrameType.ping:
        this.pings.push(performance.now())
        if (this.answersPings) this.send(frameOf(FrameType.pong))
        return
      case FrameType.pong:
        return
      case FrameType.goodbye:
        this.goodbye = true
        return
      default: {
        const text = frame.toString('hex')
        this.frames.push(text)
        this.onFrame?.(text)
      }
    }
  }
}
