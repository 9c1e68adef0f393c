import type { Client } from './client.ts'

/** Learns from the hub when other threads end. Asks once for each thread, however many want to know. */
export class SessionWatch {
  readonly #client: Client
  readonly #listeners = new Map<number, Set<() => void>>()

  constructor(client: Client) {
    this.#client = client
  }

  /** Calls back when the session has ended; returns how to stop listening. */
  onEnd(session: number, listener: () => void): () => void {
    let listeners = this.#listeners.get(session)
    if (listeners === undefined) {
      listeners = new Set()
      this.#listeners.set(session, listeners)
      this.#ask(session)
    }
    listeners.add(listener)
    return () => listeners.delete(listener)
  }

  #ask(session: number): void {
    this.#client.connection.request('session.ended', session, { keepAlive: false }).then(
      () => {
        const listeners = this.#listeners.get(session)
        this.#listeners.delete(session)
        for (const listener of listeners ?? []) listener()
      },
      // The runtime is gone, and with it everything that could have listened.
      () => this.#listeners.clear(),
    )
  }
}
