/** Counts what code of this process waits for in the cluster: objects, and results of calls. */
export class Waits {
  #count = 0
  #changed: (() => void) | undefined

  get any(): boolean {
    return this.#count > 0
  }

  /** Calls back when somebody begins to wait while nobody did, and when nobody does any more. */
  onChange(listener: () => void): void {
    this.#changed = listener
  }

  begin(): void {
    if (this.#count++ === 0) this.#changed?.()
  }

  end(): void {
    if (--this.#count === 0) this.#changed?.()
  }
}
