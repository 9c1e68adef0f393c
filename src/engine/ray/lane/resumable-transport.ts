import { KlawError, RayError } from '../../../errors.ts'
import { FrameReader, FrameType } from '../../../wire/frame.ts'
import { isAwaited, stayAwake } from '../../../wire/stay-awake.ts'
import type { Landing, Transport, TransportListener } from '../../../wire/transport.ts'
import { ChunkMemory } from './chunk-memory.ts'
import { controlFrame, readPosition, receivedFrame } from './control-frames.ts'
import { DialledLanes, type DiallingOptions } from './dialled-lanes.ts'
import { FrameAssembler } from './frame-assembler.ts'
import type { Welcome } from './handshake.ts'
import { Heartbeat } from './heartbeat.ts'
import type { Lane, LaneKind, LaneListener } from './lane.ts'
import type { LaneSource } from './lane-source.ts'
import { Outgoing } from './outgoing.ts'

/** Milliseconds that a lane should live at least. */
const shortLife = 1_000
/** Bytes after which the peer is told what has arrived. It expects to hear that for every MiB. */
const confirmEvery = 512 * 1024
/** What is not larger than this is taken as a sign that somebody waits for each answer. */
const smallChunk = 4096

type State =
  /** Welcomed, and not started yet. */
  | { readonly t: 'welcomed'; readonly welcome: Welcome }
  | { readonly t: 'open'; readonly lane: Lane }
  | { readonly t: 'reconnecting'; readonly controller: AbortController }
  | { readonly t: 'closed' }

/**
 * A connection that outlives its lanes: docs/gateway.md, "Connection". When a lane breaks it continues on the next one, with the byte at which the other side
 * is, so whoever uses it sees nothing of that, until the connection can not be resumed. Both sides are the same but for where lanes come from.
 */
export class ResumableTransport implements Transport {
  readonly carriesAttachments = false
  readonly longestPiece = 2 ** 20
  /** Milliseconds that the event loop keeps turning after a small chunk that somebody may wait for; 0: it sleeps. */
  awakeTime = 0
  readonly #source: LaneSource
  readonly #memory = new ChunkMemory()
  readonly #outgoing = new Outgoing(undefined, (chunk) => this.#memory.giveBack(chunk))
  readonly #assembler: FrameAssembler
  readonly #heartbeat: Heartbeat
  #state: State
  #listener: TransportListener | undefined
  #landing: Landing | undefined
  /** Bytes of the peer's stream that are here, and that it has been told of. */
  #received = 0
  #reported = 0
  /** What was received just now gives room. */
  #confirmed = false
  /** The peer does not take what it asks for, so it is not read from. */
  #heldUp = false
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
  static async connect(options: DiallingOptions): Promise<ResumableTransport> {
    const { source, welcome } = await DialledLanes.connect(options)
    return new ResumableTransport(source, welcome)
  }

  /** A connection whose first lane has been welcomed. */
  constructor(source: LaneSource, welcome: Welcome) {
    this.#source = source
    this.#state = { t: 'welcomed', welcome }
    this.#assembler = new FrameAssembler({
      frames: (bytes) => {
        if (this.awakeTime > 0 && isAwaited(bytes, smallChunk)) stayAwake(this.awakeTime, true)
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
    return this.#source.kind
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
    if (this.awakeTime > 0 && isAwaited(chunk, smallChunk)) stayAwake(this.awakeTime)
    this.#outgoing.add(chunk)
    this.#pump()
    this.#holdUp()
  }

  ref(): void {
    if (this.#source.asks && this.#state.t !== 'closed') this.#heartbeat.start()
  }

  unref(): void {
    this.#heartbeat.stop()
  }

  /** Bytes of the peer's stream that are here. */
  get received(): number {
    return this.#received
  }

  /** Whether the connection can go on with a peer that has so many bytes of this side's stream. */
  continuesAt(position: number): boolean {
    return this.#state.t !== 'closed' && this.#outgoing.canResume(position)
  }

  /** The peer has come with another lane, and {@link continuesAt} its position. The one before ends, if there still is one. */
  take(welcome: Welcome): void {
    if (this.#state.t === 'open') this.#state.lane.destroy()
    else if (this.#state.t === 'reconnecting') this.#state.controller.abort()
    this.#adopt(welcome)
  }

  /** Says goodbye after everything that was posted. Without a lane just now, the peer finds out by itself. */
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
          `${this.#source.peer} claims to have ${welcome.received} bytes of the connection, of ${this.#outgoing.sent} that were sent`,
        ),
      )
      return
    }
    this.#state = { t: 'open', lane }
    this.#heldUp = false
    // The hello has told the peer.
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
      this.#fail(new KlawError(`${this.#source.peer} sent a frame that can not be read`, { cause: error }))
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
      if (chunk === undefined) break
      state.lane.write(chunk)
    }
    if (this.#heldUp) this.#holdUp()
  }

  /** Whoever asks for much and takes none of it is not asked for more, nor heard, but for the confirmations without which nothing goes on. */
  #holdUp(): void {
    const state = this.#state
    // Who has dialled always listens: otherwise both could wait for each other.
    if (this.#source.asks || state.t !== 'open' || state.lane.hold === undefined) return
    const { isStuck } = this.#outgoing
    // Between the two marks everything stays as it is.
    if (this.#heldUp ? !this.#outgoing.hasRoom && this.#outgoing.isFree : !isStuck) return
    this.#heldUp = !this.#heldUp
    state.lane.hold(this.#heldUp)
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
    if (this.#state.t !== 'open') return
    if (this.#source.silent !== undefined) this.#source.silent()
    else this.#resume(new RayError(`${this.#source.peer} has been silent for 20 seconds`))
  }

  /** The lane is lost: another one is to come. */
  #resume(reason: Error | undefined): void {
    if (this.#state.t === 'open') this.#state.lane.destroy()
    this.#flaps = performance.now() - this.#opened < shortLife ? this.#flaps + 1 : 0
    const controller = new AbortController()
    this.#state = { t: 'reconnecting', controller }
    const lost = { received: this.#received, reason, flaps: this.#flaps }
    this.#source.next(lost, controller.signal).then(
      (welcome) => {
        if (controller.signal.aborted) welcome.lane.destroy()
        else this.#adopt(welcome)
      },
      (error: unknown) => {
        if (!controller.signal.aborted) this.#end(KlawError.from(error))
      },
    )
  }

  /** Ends the connection because of what the peer sent. */
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
    this.#source.over?.()
  }
}
