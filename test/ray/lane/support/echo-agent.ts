import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { inject } from 'vitest'
import type { DirectAddress } from '../../../../src/engine/ray/lane/direct-lane.ts'
import type { Exchange } from '../../../../src/engine/ray/lane/tunnel-lane.ts'

const script = fileURLToPath(new URL('echo_agent.py', import.meta.url))
const packages = fileURLToPath(new URL('../../../../python', import.meta.url))
/** Bytes of a call, and of its answer, before what it carries. */
const headLength = 13

interface PendingCall {
  resolve(answer: Uint8Array): void
  reject(error: Error): void
}

/** The agent's Python without Ray, in a process of its own: `echo_agent.py`. */
export class EchoAgent implements AsyncDisposable {
  readonly address: DirectAddress
  readonly token: string
  readonly #child: ChildProcess
  readonly #exited: Promise<unknown>
  readonly #calls = new Map<number, PendingCall>()
  #rest: Buffer
  #exchanges = 0

  /** `grace`: seconds that it keeps a connection without a lane. */
  static async start(grace = 30): Promise<EchoAgent> {
    const child = spawn(inject('rayPython'), [script, packages, String(grace)], { stdio: ['pipe', 'pipe', 'inherit'] })
    const exited = once(child, 'exit')
    let printed = Buffer.alloc(0)
    while (!printed.includes('\n')) {
      const data = await Promise.race([once(child.stdout, 'data'), exited.then(() => undefined)])
      if (data === undefined) throw new Error('the agent did not start')
      printed = Buffer.concat([printed, data[0] as Buffer])
    }
    const end = printed.indexOf('\n')
    const { port, token } = JSON.parse(printed.subarray(0, end).toString('utf8')) as { port: number; token: string }
    return new EchoAgent(child, exited, { host: '127.0.0.1', port }, token, printed.subarray(end + 1))
  }

  private constructor(
    child: ChildProcess,
    exited: Promise<unknown>,
    address: DirectAddress,
    token: string,
    rest: Buffer,
  ) {
    this.#child = child
    this.#exited = exited
    this.address = address
    this.token = token
    this.#rest = rest
    child.stdout?.on('data', (data: Buffer) => this.#read(data))
  }

  /** As `Bootstrap.exchange`, of which an agent has one: the numbers of another go on where those of the one before end. */
  newExchange(): Exchange {
    const first = this.#exchanges++ * 2 ** 40
    return (number, bytes, wait) => this.#exchange(first + number, bytes, wait)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin?.end()
    await this.#exited
    for (const call of this.#calls.values()) call.reject(new Error('the agent has ended'))
  }

  #exchange(number: number, bytes: Uint8Array, wait: boolean): Promise<Uint8Array> {
    const head = Buffer.alloc(headLength)
    head.writeBigUInt64LE(BigInt(number))
    head.writeUInt8(wait ? 1 : 0, 8)
    head.writeUInt32LE(bytes.byteLength, 9)
    this.#child.stdin?.write(head)
    this.#child.stdin?.write(bytes)
    return new Promise((resolve, reject) => this.#calls.set(number, { resolve, reject }))
  }

  #read(data: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, data])
    while (this.#rest.length >= headLength) {
      const end = headLength + this.#rest.readUInt32LE(9)
      if (this.#rest.length < end) return
      const number = Number(this.#rest.readBigUInt64LE())
      const failed = this.#rest.readUInt8(8) === 1
      const answer = new Uint8Array(this.#rest.subarray(headLength, end))
      this.#rest = this.#rest.subarray(end)
      const call = this.#calls.get(number)
      this.#calls.delete(number)
      if (failed) call?.reject(new Error(Buffer.from(answer).toString('utf8')))
      else call?.resolve(answer)
    }
  }
}
