import { KlawError, RayError } from '../../../errors.ts'
import { FrameReader, FrameType } from '../../../wire/frame.ts'
import type { Landing, Transport, TransportListener } from '../../../wire/transport.ts'
import { ChunkMemory } from './chunk-memory.ts'
import { controlFrame, readPosition, receivedFrame } from './control-frames.ts'
import { FrameAssembler } from './frame-assembler.ts'
import { shakeHands, type Welcome } from './handshake.ts'
import { Heartbeat } from './heartbeat.ts'
import { type Identity, writeHello } from './hello.ts'
import type { Lane, LaneFactory, LaneKind, LaneListener } from './lane.ts'
import { Outgoing } from './outgoing.ts'
import { pause } from './pause.ts'

/** Seconds for which an agent keeps a connection that does not say for how long. */
const usualGrace = 30
/** Milliseconds for one attempt to reconnect, and between two of them. */
const attemptDeadline = 5_000
const shortestPause = 50
const longestPause = 2_000
/** Milliseconds that a lane should live at least. */
const shortLife = 1_000
/** Bytes after which the agent is told what has arrived. It expects to hear that for every MiB. */
const confirmEvery = 512 * 1024

export interface ResumableOptions {
  readonly factory: LaneFactory
  readonly identity: Identity
  /** Milliseconds for the first lane and the agent's welcome on it. */
  readonly deadline: number
  readonly signal?: AbortSignal | undefined
}

type State =
  /** Welcomed, and not started yet. */
  | { readonly t: 'welcomed'; readonly welcome: Welcome }
  | { readonly t: 'open'; readonly lane: Lane }
  | { readonly t: 'reconnecting'; readonly controller: AbortController }
  | { readonly t: 'closed' }

/**
 * A connection to the agent that outlives its lanes: docs/gateway.md, "Connection". When a lane breaks it opens another one and continues with the byte at
 * which the other side is, so whoever uses it sees nothing of that, until the connection can not be resumed.
 */
export class ResumableTransport implements Transport {
  readonly carriesAttachments = false
  readonly longestPiece = 2 ** 20
  readonly #factory: LaneFactory
  readonly #identity: Identity
  readonly #memory = new ChunkMemory()
  readonly #outgoing = new Outgoing(undefined, (chunk) => this.#memory.giveBack(chunk))
  readonly #assembler: FrameAssembler
  readonly #heartbeat: Heartbeat
  #state: State
  #listener: TransportListener | undefined
  #landing: Landing | undefined
  /** Bytes of the agent's stream that are here, and that it has been told of. */
  #received = 0
  #reported = 0
  /** What was received just now gives room. */
  #confirmed = false
  /** When the lane was opened, and how many before it in a row did not live long. */
  #opened = 0
  #flaps = 0
  #writers: (() => void)[] = []

  /**
   * Opens the first lane.
   *
   * @throws {RayError} why there is no connection: no way through, no agent there, refused, the deadline is over
   * @throws the signal's reason once it aborts
   */
  static async connect(options: ResumableOptions): Promise<ResumableTransport> {
    const { factory, identity, deadline } = options
    const signal = options.signal ?? new AbortController().signal
    const handshake = await shakeHands(factory, writeHello(identity, false, 0), { deadline, keepAlive: true, signal })
    if (handshake.t === 'refused') throw handshake.error
    return new ResumableTransport(factory, identity, handshake)
  }

  private constructor(factory: LaneFactory, identity: Identity, welcome: Welcome) {
    this.#factory = factory
    this.#identity = identity
    this.#state = { t: 'welcomed', welcome }
    this.#assembler = new FrameAssembler({
      frames: (bytes) => {
        this.#listener?.chunk(bytes, undefined)
        return this.#state.t !== 'closed'
      },
      control: (frame) => {
        this.#control(frame)
        return this.#state.t !== 'closed'
      },
      land: (type, stream, length) => this.#landing?.(type, stream, length),
    })
    this.#heartbeat = new Heartbeat({
      ask: () => this.#urgent(controlFrame(FrameType.ping)),
      silent: () => this.#fallSilent(),
    })
  }

  /** Which way the bytes go. */
  get lane(): LaneKind {
    return this.#factory.kind
  }

  get writable(): boolean {
    return this.#state.t !== 'closed' && this.#outgoing.hasRoom
  }

  onWritable(listener: () => void): void {
    this.#writers.push(listener)
    if (this.writable || this.#state.t === 'closed') queueMicrotask(() => this.#tellWriters())
  }

  start(listener: TransportListener): void {
    this.#listener = listener
    if (this.#state.t === 'welcomed') this.#adopt(this.#state.welcome)
  }

  land(landing: Landing): void {
    this.#landing = landing
  }

  memory(): Uint8Array<ArrayBuffer> {
    return this.#memory.take()
  }

  post(chunk: Uint8Array<ArrayBuffer>): void {
    if (this.#state.t === 'closed') return
    this.#outgoing.add(chunk)
    this.#pump()
  }

  ref(): void {
    if (this.#state.t !== 'closed') this.#heartbeat.start()
  }

  unref(): void {
    this.#heartbeat.stop()
  }

  /** Says goodbye after everything that was posted. Without a lane just now, the agent finds out by itself. */
  close(): void {
    if (this.#state.t === 'closed') return
    const state = this.#state
    const goodbye = controlFrame(FrameType.goodbye)
    this.#outgoing.add(goodbye)
    if (state.t === 'reconnecting') state.controller.abort()
    else this.#part(state.t === 'open' ? state.lane : state.welcome.lane, goodbye)
    this.#leave()
    queueMicrotask(() => {
      this.#listener?.closed(undefined)
      this.#tellWriters()
    })
  }

  #adopt(welcome: Welcome): void {
    const { lane } = welcome
    if (!this.#outgoing.resume(welcome.received)) {
      lane.destroy()
      this.#end(
        new RayError(
          `the agent claims to have ${welcome.received} bytes of the connection, of ${this.#outgoing.sent} that were sent`,
        ),
      )
      return
    }
    this.#state = { t: 'open', lane }
    // The hello has told the agent.
    this.#reported = this.#received
    this.#opened = performance.now()
    this.#heartbeat.heard()
    welcome.adopt(this.#laneListener(lane))
    this.#pump()
    this.#tellWriters()
  }

  /** What a lane says counts for as long as it is the connection's. */
  #laneListener(lane: Lane): LaneListener {
    const current = () => this.#state.t === 'open' && this.#state.lane === lane
    return {
      data: (bytes) => {
        if (current()) this.#receive(bytes.byteLength, () => this.#assembler.feed(bytes))
      },
      room: () => (current() ? this.#assembler.room() : undefined),
      filled: (count) => {
        if (current()) this.#receive(count, () => this.#assembler.filled(count))
      },
      drained: () => {
        if (!current()) return
        this.#pump()
        this.#tellWriters()
      },
      closed: (reason) => {
        if (current()) this.#resume(reason)
      },
    }
  }

  #receive(count: number, take: () => void): void {
    this.#heartbeat.heard()
    this.#received += count
    try {
      take()
    } catch (error) {
      this.#fail(new KlawError('the agent sent a frame that can not be read', { cause: error }))
      return
    }
    if (this.#received - this.#reported >= confirmEvery) {
      this.#reported = this.#received
      this.#urgent(receivedFrame(this.#received))
    }
    if (!this.#confirmed) return
    this.#confirmed = false
    this.#pump()
    this.#tellWriters()
  }

  #control(bytes: Uint8Array): void {
    const frame = new FrameReader()
    frame.open(bytes, undefined)
    frame.next()
    switch (frame.type) {
      case FrameType.received: {
        const position = readPosition(frame)
        if (!this.#outgoing.confirm(position)) {
          throw new RangeError(`it confirms ${position} bytes of ${this.#outgoing.sent} that were sent`)
        }
        this.#confirmed = true
        return
      }
      case FrameType.ping:
        this.#urgent(controlFrame(FrameType.pong))
        return
      case FrameType.pong:
        return
      case FrameType.goodbye:
        if (this.#state.t === 'open') this.#state.lane.end()
        this.#end(undefined)
        return
      default:
        throw new RangeError(`its type is ${frame.type}`)
    }
  }

  /** Gives the lane as much as it takes. */
  #pump(): void {
    const state = this.#state
    if (state.t !== 'open') return
    while (state.lane.writable) {
      const chunk = this.#outgoing.next()
      if (chunk === undefined) return
      state.lane.write(chunk)
    }
  }

  #urgent(frame: Uint8Array): void {
    if (this.#state.t !== 'open') return
    this.#outgoing.addUrgent(frame)
    this.#pump()
  }

  /** Not from `post`: a writer that posts would be called from within itself. */
  #tellWriters(): void {
    if (this.#writers.length === 0 || !(this.writable || this.#state.t === 'closed')) return
    const writers = this.#writers
    this.#writers = []
    for (const writer of writers) writer()
  }

  #fallSilent(): void {
    if (this.#state.t === 'open') this.#resume(new RayError('the agent has been silent for 20 seconds'))
  }

  /** The lane is lost: opens another one. */
  #resume(reason: Error | undefined): void {
    if (this.#state.t === 'open') this.#state.lane.destroy()
    this.#flaps = performance.now() - this.#opened < shortLife ? this.#flaps + 1 : 0
    const controller = new AbortController()
    this.#state = { t: 'reconnecting', controller }
    this.#reconnect(reason, controller.signal).catch((error: unknown) => {
      if (!controller.signal.aborted) this.#end(KlawError.from(error))
    })
  }

  async #reconnect(reason: Error | undefined, signal: AbortSignal): Promise<void> {
    const grace = this.#identity.grace || usualGrace
    const deadline = performance.now() + grace * 1_000
    let failure: unknown = reason
    // The first attempt is made at once, unless lanes break as soon as they are there.
    for (let attempt = Math.max(this.#flaps - 1, 0); ; attempt++) {
      if (attempt > 0) await pause(Math.min(shortestPause * 2 ** (attempt - 1), longestPause), signal)
      const left = deadline - performance.now()
      if (left <= 0) break
      const hello = writeHello(this.#identity, true, this.#received)
      try {
        const handshake = await shakeHands(this.#factory, hello, {
          deadline: Math.min(attemptDeadline, left),
          keepAlive: false,
          signal,
        })
        if (signal.aborted) {
          if (handshake.t === 'welcome') handshake.lane.destroy()
        } else if (handshake.t === 'refused') this.#end(handshake.error)
        else this.#adopt(handshake)
        return
      } catch (error) {
        if (signal.aborted) return
        failure = error
      }
    }
    this.#end(
      new RayError(`the connection to the agent was lost and could not be resumed within ${grace} seconds`, {
        cause: failure,
      }),
    )
  }

  /** Ends the connection because of what the agent sent. */
  #fail(error: Error): void {
    const goodbye = controlFrame(FrameType.goodbye)
    this.#outgoing.addUrgent(goodbye)
    if (this.#state.t === 'open') this.#part(this.#state.lane, goodbye)
    this.#end(error)
  }

  /** Ends the lane after `last`, which is on its way through the outgoing chunks. */
  #part(lane: Lane, last: Uint8Array): void {
    for (let chunk = this.#outgoing.next(false); chunk !== undefined; chunk = this.#outgoing.next(false)) {
      lane.write(chunk)
      if (chunk === last) break
    }
    lane.end()
  }

  /** Nothing more will come or go. */
  #end(error: Error | undefined): void {
    this.#leave()
    this.#listener?.closed(error)
    this.#tellWriters()
  }

  #leave(): void {
    this.#state = { t: 'closed' }
    this.#heartbeat.end()
    this.#outgoing.clear()
    this.#memory.clear()
  }
}
