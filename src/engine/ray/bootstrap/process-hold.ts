/**
 * Keeps the process alive while there is something to wait for. Sockets and timers of a session do not, so that a program which has
 * nothing more to do ends, also with an open session.
 */
export class ProcessHold {
  #count = 0
  #timer: NodeJS.Timeout | undefined

  take(): void {
    this.#count += 1
    this.#timer ??= setInterval(() => {}, 2 ** 31 - 1)
  }

  release(): void {
    this.#count -= 1
    if (this.#count > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  async during<T>(work: () => Promise<T>): Promise<T> {
    this.take()
    try {
      return await work()
    } finally {
      this.release()
    }
  }
}
