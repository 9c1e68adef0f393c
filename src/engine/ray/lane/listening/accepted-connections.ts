import { HelloStatus } from '../hello.ts'
import type { Lane, LaneListener } from '../lane.ts'
import { ResumableTransport } from '../resumable-transport.ts'
import { AwaitedLanes } from './awaited-lanes.ts'
import { Complaints } from './complaints.ts'
import { type Hello, readHello, writeAnswer } from './read-hello.ts'

/** Seconds for which a connection is kept that does not say for how long. */
const usualGrace = 30
/** Connections at a time: each is a socket at least, of which a process has some thousands. */
const mostConnections = 4_096

export interface AcceptedConnectionsOptions {
  /** The secret of those who may come, 32 bytes. */
  readonly token: Uint8Array
  /** Gets each new connection, and starts its transport at once. */
  readonly serve: (transport: ResumableTransport) => void
  readonly complaints?: Complaints | undefined
  /** Beyond so many connections new ones are refused. Default 4,096. */
  readonly most?: number | undefined
}

/** The connections of a listening process, by the ids that those who dial have chosen. Knows who may come, and whose a lane is. */
export class AcceptedConnections {
  readonly complaints: Complaints
  readonly #token: Uint8Array
  readonly #serve: (transport: ResumableTransport) => void
  readonly #most: number
  readonly #known = new Map<string, ResumableTransport>()
  #ending = false

  constructor({ token, serve, complaints = new Complaints(), most = mostConnections }: AcceptedConnectionsOptions) {
    this.complaints = complaints
    this.#token = token
    this.#serve = serve
    this.#most = most
  }

  /**
   * Judges a hello, answers it, and has the lane carry its connection; or ends the lane.
   *
   * @param adopt replaces the lane's listener, which first hears what has come behind the hello
   */
  greet(bytes: Uint8Array, lane: Lane, adopt: (listener: LaneListener) => void): void {
    const hello = readHello(bytes, this.#token)
    const judged = typeof hello === 'number' ? hello : this.#judge(hello)
    if (typeof judged === 'number') {
      this.complaints.complain(`status ${judged}`, `a caller was refused: ${reasons[judged]}`)
      lane.write(writeAnswer(judged))
      lane.end()
      return
    }
    const { connection, received, grace } = hello as Hello
    lane.write(writeAnswer(HelloStatus.welcome, judged.known?.received))
    const welcome = { t: 'welcome', received, lane, adopt } as const
    if (judged.known !== undefined) {
      judged.known.take(welcome)
      return
    }
    const lanes = new AwaitedLanes(grace || usualGrace, () => this.#known.delete(connection))
    const made = new ResumableTransport(lanes, welcome)
    this.#known.set(connection, made)
    this.#serve(made)
  }

  /** Refuses everybody from now on, and says goodbye to those who are there. */
  close(): void {
    this.#ending = true
    for (const transport of [...this.#known.values()]) transport.close()
  }

  /** The connection that a hello is about, undefined in it for a new one; or the status to refuse it with. */
  #judge({ connection, resume, received }: Hello): { readonly known: ResumableTransport | undefined } | number {
    if (this.#ending) return HelloStatus.ending
    const known = this.#known.get(connection)
    if (known === undefined) {
      if (resume || received !== 0) return HelloStatus.unknownConnection
      return this.#known.size >= this.#most ? HelloStatus.ending : { known }
    }
    // Who has not heard the welcome may ask for it again, but has not said anything yet.
    if (!resume && known.received > 0) return HelloStatus.unknownConnection
    return known.continuesAt(received) ? { known } : HelloStatus.unknownConnection
  }
}

/** For the log. */
const reasons: Readonly<Record<number, string>> = {
  [HelloStatus.wrongToken]: 'it has another token',
  [HelloStatus.unsupportedVersion]: 'it speaks another version',
  [HelloStatus.unknownConnection]: 'it resumes a connection that is unknown',
  [HelloStatus.ending]: 'there are too many, or this process is ending',
}
