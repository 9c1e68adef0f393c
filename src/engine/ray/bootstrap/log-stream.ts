import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { Code, ConnectError } from '@connectrpc/connect'
import { type Connection, wordsOf } from './connection.ts'
import { type LogLine, logLines } from './log-line.ts'

/** What lines come from, and who wants them. */
export interface LogStreamOptions {
  readonly take: (line: LogLine) => void
  /** Told when lines may be missing, once, and when none will come any more. */
  readonly tell: (trouble: string) => void
}

/** Milliseconds before a stream that has ended is opened again. */
const shortestPause = 100
const longestPause = 5_000
/** Of Python's loggers. Ray's own default: with another one it would write less into its own log. */
const level = 20

/**
 * What the processes of a session's job write, as Ray collects it from their log files: a call of its own beside the session's, opened again when that has another
 * connection. Ray keeps nothing for who is not there, so lines of the time in between are missed here, and stay in the files. Keeps no process alive.
 */
export class LogStream {
  readonly #options: LogStreamOptions
  readonly #ending = new AbortController()
  #hasGap = false
  #isFirst = true

  constructor(options: LogStreamOptions) {
    this.#options = options
  }

  /** Follows what comes over a connection of the session's until that, or all of it, ends. Never rejects. */
  async follow(connection: Connection): Promise<void> {
    if (!this.#isFirst) this.#missed('the connection to the cluster broke')
    this.#isFirst = false
    for (let pause = shortestPause; !this.#isOver(connection); pause = Math.min(2 * pause, longestPause)) {
      let reason = 'it ended'
      try {
        if (await this.#read(connection)) pause = shortestPause
      } catch (error) {
        if (this.#isOver(connection)) return
        reason = wordsOf(error)
        if (error instanceof ConnectError && error.cause === undefined && error.code === Code.Unimplemented) {
          this.#options.tell(`this cluster sends no log lines: ${reason}`)
          return
        }
      }
      if (this.#isOver(connection)) return
      this.#missed(`their stream broke: ${reason}`)
      // It only rejects because of the signal, which is looked at afterwards.
      await sleep(pause, undefined, { ref: false, signal: this.#ending.signal }).catch(() => {})
    }
  }

  /** The session can not go on: nothing more comes. */
  lose(error: Error): void {
    if (this.#ending.signal.aborted) return
    this.#ending.abort()
    this.#options.tell(`no more log lines of the cluster: ${error.message}`)
  }

  close(): void {
    this.#ending.abort()
  }

  /** Reads one stream to its end. Whether anything has come. */
  async #read(connection: Connection): Promise<boolean> {
    const over = new AbortController()
    const end = () => over.abort()
    const signals = [connection.over, this.#ending.signal]
    for (const signal of signals) {
      if (signal.aborted) end()
      else signal.addEventListener('abort', end)
    }
    let hasCome = false
    try {
      const options = { headers: connection.headers, signal: over.signal }
      for await (const record of connection.logs.logstream(settings(over.signal), options)) {
        hasCome = true
        for (const line of logLines(record)) this.#take(line)
      }
    } finally {
      for (const signal of signals) signal.removeEventListener('abort', end)
      end()
    }
    return hasCome
  }

  /** What a listener throws is an uncaught error, as with any event, and none of the stream's. */
  #take(line: LogLine): void {
    try {
      this.#options.take(line)
    } catch (error) {
      process.nextTick(() => {
        throw error
      })
    }
  }

  #missed(reason: string): void {
    if (this.#hasGap) return
    this.#hasGap = true
    this.#options.tell(`log lines of the cluster may be missing here (${reason}); its log files have them`)
  }

  #isOver(connection: Connection): boolean {
    return connection.isOver || this.#ending.signal.aborted
  }
}

/** Says what is wanted, and stays until the stream ends: with its requests Ray ends its answers. */
async function* settings(over: AbortSignal): AsyncGenerator<{ enabled: boolean; loglevel: number }> {
  yield { enabled: true, loglevel: level }
  if (!over.aborted) await once(over, 'abort')
}
