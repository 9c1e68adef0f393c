import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Codec } from '../../../src/codec/codec.ts'
import { directLanes } from '../../../src/engine/ray/lane/direct-lane.ts'
import { newIdentity } from '../../../src/engine/ray/lane/hello.ts'
import type { LaneTls } from '../../../src/engine/ray/lane/open-lane.ts'
import { ResumableTransport } from '../../../src/engine/ray/lane/resumable-transport.ts'
import { ResultFlag, writeCall } from '../../../src/wire/call-frames.ts'
import { Connection } from '../../../src/wire/connection.ts'
import { FrameFlag, type FrameReader, FrameType } from '../../../src/wire/frame.ts'
import type { Attached, FakeParent } from './fake-agent.ts'

const entry = fileURLToPath(new URL('../../../dist/entry/ray-host.js', import.meta.url))

/** The built entry in a process of its own. */
export class Child implements AsyncDisposable {
  readonly process: ChildProcess
  readonly exit: Promise<{ readonly code: number | null; readonly signal: string | null }>
  stdout = ''
  stderr = ''

  constructor(environment: NodeJS.ProcessEnv = {}) {
    this.process = spawn(process.execPath, [entry], {
      env: { ...process.env, ...environment },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    this.process.stdout?.on('data', (text: Buffer) => {
      this.stdout += text.toString()
    })
    this.process.stderr?.on('data', (text: Buffer) => {
      this.stderr += text.toString()
    })
    this.process.stdin?.on('error', () => {})
    this.exit = once(this.process, 'close').then(([code, signal]) => ({ code, signal }))
  }

  tell(line: unknown): void {
    this.process.stdin?.write(`${typeof line === 'string' ? line : JSON.stringify(line)}\n`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.process.kill('SIGKILL')
    await this.exit
  }
}

/** A child with its session, once it has attached itself. */
export async function attachedChild(
  parent: FakeParent,
  environment?: NodeJS.ProcessEnv,
): Promise<{ child: Child; attached: Attached }> {
  const child = new Child(environment)
  child.tell(parent.start)
  const ended = child.exit.then(() => Promise.reject(new Error(`the child ended: ${child.stderr}`)))
  ended.catch(() => {})
  return { child, attached: await Promise.race([parent.attached, ended]) }
}

/** What came of a call. */
export interface Result {
  readonly flags: number
  readonly value: unknown
}

/** Calls the child as other processes do: by frames, on a connection of its own. */
export class Caller {
  readonly connection: Connection
  readonly transport: ResumableTransport
  readonly #codec: Codec
  readonly #waiting = new Map<number, (result: Result) => void>()
  #nextId = 1
  readonly #methods = new Map<string, number>()

  static async dial({ host, port, token }: Attached, tls?: LaneTls): Promise<Caller> {
    const factory = directLanes({ host, port, tls })
    return new Caller(await ResumableTransport.connect({ factory, identity: newIdentity(token), deadline: 5_000 }))
  }

  private constructor(transport: ResumableTransport) {
    this.transport = transport
    this.#codec = new Codec()
    this.connection = new Connection(transport, this.#codec, new Map())
    this.connection.hold()
    this.connection.calls = {
      frame: (frame) => this.#answered(frame),
      connectionLost: () => {
        for (const settle of this.#waiting.values()) settle({ flags: ResultFlag.lost, value: undefined })
      },
    }
  }

  /** @param slot 1 is the actor */
  call(method: string, args: readonly unknown[] = [], slot = 1): Promise<Result> & { readonly id: number } {
    const id = this.#nextId++
    const known = this.#methods.get(method)
    const number = known ?? this.#methods.size
    this.#methods.set(method, number)
    const encoded = args.map((argument) => ({ bytes: this.#codec.encode(argument) }))
    writeCall(this.connection.out, id, slot, number, known === undefined ? method : undefined, encoded)
    this.connection.wrote()
    const result = new Promise<Result>((resolve) => this.#waiting.set(id, resolve))
    return Object.assign(result, { id })
  }

  cancel(id: number): void {
    this.connection.write(FrameType.cancelCall, 0, id)
  }

  close(): void {
    this.connection.release()
    this.connection.close()
  }

  #answered(frame: FrameReader): void {
    const settle = this.#waiting.get(frame.stream)
    this.#waiting.delete(frame.stream)
    const lost = (frame.flags & ResultFlag.lost) !== 0
    const value = lost ? undefined : this.#codec.decode(frame.bytes, frame.position, frame.end)
    settle?.({ flags: frame.flags & (FrameFlag.error | ResultFlag.refused | ResultFlag.lost), value })
  }
}
