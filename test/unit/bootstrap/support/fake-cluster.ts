import { once } from 'node:events'
import {
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type SecureServerOptions,
} from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import type { MessageInitShape } from '@bufbuild/protobuf'
import { Code, ConnectError, type ConnectRouter, type HandlerContext } from '@connectrpc/connect'
import { connectNodeAdapter } from '@connectrpc/connect-node'
import { onTestFinished } from 'vitest'
import {
  type ClientTask,
  type DataRequest,
  type DataResponseSchema,
  type LogDataSchema,
  type LogSettingsRequest,
  RayletDataStreamer,
  RayletDriver,
  RayletLogStreamer,
} from '../../../../src/engine/ray/bootstrap/generated/ray_client_pb.ts'
import { unpickle } from '../../../../src/engine/ray/bootstrap/pickle-reader.ts'
import type { PyTuple } from '../../../../src/engine/ray/bootstrap/pickle-values.ts'
import { pickle } from '../../../../src/engine/ray/bootstrap/pickle-writer.ts'

type Response = MessageInitShape<typeof DataResponseSchema>
type LogRecord = MessageInitShape<typeof LogDataSchema>

export interface FakeOptions {
  readonly rayVersion?: string
  /** Undefined: the session is accepted. A string: it is refused with it. 'never': nothing is answered. 'cut': the connection ends. */
  readonly init?: { refuse: string } | 'never' | 'cut'
  readonly token?: string
  readonly tls?: SecureServerOptions
  readonly port?: number
  /** What a method of an actor returns; bytes and errors come as the loader sends them, anything else as it is. */
  readonly method?: (name: string, args: readonly unknown[]) => unknown
  /** Bytes of a part of a result. */
  readonly partSize?: number
  /** What a log stream says, given how many there were before; a stream that says no more stays open. Undefined: there are none. */
  readonly logs?: (stream: number) => AsyncIterable<LogRecord>
}

/** As much of Ray's client server as a session needs, with its rules for clients that come back. */
export class FakeCluster {
  readonly executed: string[] = []
  readonly acknowledged: number[] = []
  readonly released: Uint8Array[] = []
  readonly streams: { reconnecting: string | null; clientId: string | null }[] = []
  /** Each time that a session was asked for, with which arguments for `ray.init`. */
  readonly initArguments: unknown[] = []
  readonly store = new Map<string, Uint8Array>()
  readonly pinned: string[] = []
  /** What the log streams were opened with, and by whom; the ones that are over are counted. */
  readonly logStreams: { enabled: boolean; loglevel: number; clientId: string | null }[] = []
  closedLogStreams = 0
  cleanups = 0
  port = 0
  readonly #options: FakeOptions
  readonly #server: Http2Server | Http2SecureServer
  readonly #sockets = new Set<Socket>()
  /** Answers by client and request, until they are acknowledged. */
  readonly #answers = new Map<string, Map<number, Response>>()
  readonly #acknowledgedOf = new Map<object, number>()
  readonly #results = new Map<string, unknown>()
  #lastId = 0

  private constructor(options: FakeOptions) {
    this.#options = options
    const handler = connectNodeAdapter({ routes: (router) => this.#route(router) })
    this.#server = options.tls === undefined ? createServer(handler) : createSecureServer(options.tls, handler)
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    })
    this.#server.on('sessionError', () => {})
  }

  static async start(options: FakeOptions = {}): Promise<FakeCluster> {
    const cluster = new FakeCluster(options)
    cluster.#server.listen(options.port ?? 0, '127.0.0.1')
    await once(cluster.#server, 'listening')
    cluster.port = (cluster.#server.address() as AddressInfo).port
    onTestFinished(() => cluster.stop())
    return cluster
  }

  /** Breaks every connection; new ones are welcome. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.cut()
    await closed
  }

  /** Forgets everybody, as a cluster does after the grace period. */
  forgetClients(): void {
    this.#answers.clear()
  }

  #route(router: ConnectRouter): void {
    router.service(RayletDriver, {
      clusterInfo: (_, context) => {
        this.#authenticate(context)
        return { responseType: { case: 'json', value: '{}' } }
      },
      kVExists: ({ key }) => ({ exists: this.store.has(Buffer.from(key).toString()) }),
      kVPut: ({ key, value }) => {
        this.store.set(Buffer.from(key).toString(), value)
        return {}
      },
      pinRuntimeEnvURI: ({ uri }) => {
        this.pinned.push(uri)
        return {}
      },
    })
    router.service(RayletDataStreamer, { datapath: (requests, context) => this.#datapath(requests, context) })
    if (this.#options.logs === undefined) return
    router.service(RayletLogStreamer, { logstream: (requests, context) => this.#logstream(requests, context) })
  }

  #authenticate({ requestHeader }: HandlerContext): void {
    const { token } = this.#options
    if (token === undefined || requestHeader.get('authorization') === `Bearer ${token}`) return
    throw new ConnectError('Invalid or missing authentication token', Code.Unauthenticated)
  }

  async *#logstream(requests: AsyncIterable<LogSettingsRequest>, context: HandlerContext): AsyncGenerator<LogRecord> {
    this.#authenticate(context)
    const reading = requests[Symbol.asyncIterator]()
    const { enabled, loglevel } = (await reading.next()).value as LogSettingsRequest
    const before = this.logStreams.length
    this.logStreams.push({ enabled, loglevel, clientId: context.requestHeader.get('client_id') })
    try {
      yield* this.#options.logs?.(before) ?? []
    } finally {
      this.closedLogStreams += 1
    }
  }

  async *#datapath(requests: AsyncIterable<DataRequest>, context: HandlerContext): AsyncGenerator<Response> {
    this.#authenticate(context)
    const clientId = context.requestHeader.get('client_id') ?? ''
    const reconnecting = context.requestHeader.get('reconnecting')
    this.streams.push({ reconnecting, clientId })
    let answers = this.#answers.get(clientId)
    if (reconnecting === 'True' && answers === undefined) {
      throw new ConnectError('Attempted to reconnect a session that has already been cleaned up', Code.NotFound)
    }
    answers ??= new Map()
    this.#answers.set(clientId, answers)
    const out = new PassThrough({ objectMode: true, highWaterMark: 1_000_000 })
    void this.#serve(requests, answers, out)
    yield* out
  }

  async #serve(requests: AsyncIterable<DataRequest>, answers: Map<number, Response>, out: PassThrough): Promise<void> {
    try {
      for await (const request of requests) this.#take(request, answers, out)
    } catch {
      // The connection has gone.
    }
    out.end()
  }

  #take(request: DataRequest, answers: Map<number, Response>, out: PassThrough): void {
    const { reqId, type } = request
    const send = (response: Response['type']) => {
      const answer = { reqId, type: response } as Response
      if (reqId !== 0) answers.set(reqId, answer)
      out.write(answer)
    }
    if (type.case === 'get') return void this.#get(reqId, type.value.ids[0] as Uint8Array, type.value.startChunkId, out)
    const forgotten = reqId <= (this.#acknowledgedOf.get(answers) ?? 0)
    if (forgotten && type.case !== 'acknowledge' && type.case !== 'connectionCleanup') {
      out.destroy(new ConnectError(`request ${reqId} has been acknowledged`, Code.FailedPrecondition))
      return
    }
    const known = answers.get(reqId)
    if (known !== undefined) return void out.write(known)
    if (type.case === 'init') {
      const { init } = this.#options
      this.initArguments.push(JSON.parse(type.value.rayInitKwargs))
      if (init === 'cut') this.cut()
      else if (init !== 'never') send({ case: 'init', value: init ? { ok: false, msg: init.refuse } : { ok: true } })
    } else if (type.case === 'connectionInfo') {
      send({
        case: 'connectionInfo',
        value: { rayVersion: this.#options.rayVersion ?? '2.60.0', pythonVersion: '3.11.7' },
      })
    } else if (type.case === 'put') {
      if (type.value.chunkId + 1 === type.value.totalChunks)
        send({ case: 'put', value: { valid: true, id: this.#newId() } })
    } else if (type.case === 'task')
      send({ case: 'taskTicket', value: { valid: true, returnIds: [this.#run(type.value)] } })
    else if (type.case === 'release') {
      this.released.push(...type.value.ids)
      send({ case: 'release', value: { ok: type.value.ids.map(() => true) } })
    } else if (type.case === 'acknowledge') {
      this.acknowledged.push(type.value.reqId)
      this.#acknowledgedOf.set(answers, type.value.reqId)
      for (const id of answers.keys()) if (id <= type.value.reqId) answers.delete(id)
    } else if (type.case === 'connectionCleanup') {
      this.cleanups += 1
      out.write({ type: { case: 'connectionCleanup', value: {} } })
    }
  }

  #run(task: ClientTask): Uint8Array {
    const id = this.#newId()
    if (task.name === 'KlawAgent') return id
    const [args] = (unpickle(task.data) as PyTuple).items as [PyTuple]
    this.executed.push(`${task.name} ${args.items[0] ?? ''}`.trim())
    const method = this.#options.method ?? ((_, given) => given[1])
    this.#results.set(Buffer.from(id).toString('hex'), method(task.name, args.items))
    return id
  }

  async #get(reqId: number, id: Uint8Array, start: number, out: PassThrough): Promise<void> {
    const result = await this.#results.get(Buffer.from(id).toString('hex'))
    const data = pickle(asLoaderDoes(result))
    const size = this.#options.partSize ?? data.length
    const totalChunks = Math.ceil(data.length / size)
    const totalSize = BigInt(data.length)
    for (let chunkId = start; chunkId < totalChunks && out.writable; chunkId += 1) {
      const part = data.subarray(chunkId * size, (chunkId + 1) * size)
      const value = { valid: true, data: part, chunkId, totalChunks, totalSize }
      out.write({ reqId, type: { case: 'get', value } } satisfies Response)
    }
  }

  #newId(): Uint8Array {
    this.#lastId += 1
    return new TextEncoder().encode(`id ${this.#lastId}`)
  }
}

function asLoaderDoes(result: unknown): unknown {
  if (result instanceof Uint8Array) return marked(0, result)
  if (!(result instanceof Error)) return result
  const { name, message } = result
  return marked(1, Buffer.from(JSON.stringify({ type: name, message, traceback: `Traceback\n${name}: ${message}` })))
}

function marked(mark: number, bytes: Uint8Array): Uint8Array {
  const whole = new Uint8Array(bytes.length + 1)
  whole[0] = mark
  whole.set(bytes, 1)
  return whole
}
