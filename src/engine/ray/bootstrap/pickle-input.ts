import { SerializationError } from '../../../errors.ts'

/** More digits are refused: turning them into a bigint takes time that grows with the square of their number. */
const maxIntegerBytes = 4096

/** The bytes of a pickle, read from front to back. Every read is checked against what is left. */
export class PickleInput {
  readonly #bytes: Buffer
  #position = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get position(): number {
    return this.#position
  }

  get left(): number {
    return this.#bytes.length - this.#position
  }

  uint8(): number {
    return this.#bytes.readUInt8(this.#advance(1))
  }

  uint16(): number {
    return this.#bytes.readUInt16LE(this.#advance(2))
  }

  int32(): number {
    return this.#bytes.readInt32LE(this.#advance(4))
  }

  uint32(): number {
    return this.#bytes.readUInt32LE(this.#advance(4))
  }

  uint64(): number {
    // What does not fit in a number is certainly more than what is left.
    return Number(this.#bytes.readBigUInt64LE(this.#advance(8)))
  }

  float64(): number {
    return this.#bytes.readDoubleBE(this.#advance(8))
  }

  /** A view of the next `length` bytes. */
  bytes(length: number): Uint8Array<ArrayBufferLike> {
    const start = this.#advance(length)
    return new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset + start, length)
  }

  /** UTF-8; what is not becomes U+FFFD, as do the lone surrogates that Python lets pass. */
  text(length: number): string {
    const start = this.#advance(length)
    return this.#bytes.toString('utf8', start, start + length)
  }

  /** Up to the end of the line, of the protocols that are text. */
  line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#position)
    if (end === -1) this.refuse('it ends within a line')
    const line = this.text(end - this.#position)
    this.#position += 1
    return line
  }

  /** A line of Latin 1, in which other characters are escaped (`raw-unicode-escape`). */
  escapedLine(): string {
    const end = this.#bytes.indexOf(0x0a, this.#position)
    if (end === -1) this.refuse('it ends within a line')
    const line = Buffer.from(this.bytes(end - this.#position)).toString('latin1')
    this.#position += 1
    return line.replace(/\\(?:u([\da-f]{4})|U(0010[\da-f]{4}|000[\da-f]{5}))/gi, (_, short, long) =>
      String.fromCodePoint(Number.parseInt(short ?? long, 16)),
    )
  }

  /** A two's complement integer. */
  integer(length: number): number | bigint {
    if (length > maxIntegerBytes) this.refuse(`it holds an integer of ${length} bytes`)
    if (length === 0) return 0
    const hex = Buffer.from(this.bytes(length)).reverse().toString('hex')
    return narrow(BigInt.asIntN(length * 8, BigInt(`0x${hex}`)))
  }

  /** A decimal integer, `true` and `false` of protocol 0 among them. */
  decimal(): number | bigint | boolean {
    const line = this.line()
    if (line === '00') return false
    if (line === '01') return true
    if (!/^[+-]?\d{1,4096}L?$/.test(line)) this.refuse('it holds something else where an integer should be')
    return narrow(BigInt(line.replace(/L$/, '').replace(/^\+/, '')))
  }

  refuse(reason: string): never {
    throw new SerializationError(`not a pickle that can be read: ${reason}, at byte ${this.#position}`)
  }

  #advance(count: number): number {
    const start = this.#position
    if (count > this.left) this.refuse(`${count} bytes should follow and ${this.left} do`)
    this.#position += count
    return start
  }
}

function narrow(value: bigint): number | bigint {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}
