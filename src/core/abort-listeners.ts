/** Told when a signal aborts. */
export interface AbortListener {
  aborted(): void
}

/**
 * Those who wait by each signal. They share one listener: a signal may well serve thousands of waits, and runtimes take many listeners on one target for
 * a leak.
 */
const watches = new WeakMap<AbortSignal, Watch>()

class Watch {
  readonly listeners = new Set<AbortListener>()

  /** Called by the signal. Who has stopped listening because of what another one did is not told. */
  handleEvent(): void {
    for (const listener of this.listeners) {
      try {
        listener.aborted()
      } catch (error) {
        // As with listeners of their own: the others are told all the same, and the error is nobody's to catch.
        queueMicrotask(() => {
          throw error
        })
      }
    }
  }
}

/** Calls back when the signal aborts, unless {@link stopListeningTo} comes first. The signal has not aborted yet. */
export function listenTo(signal: AbortSignal, listener: AbortListener): void {
  let watch = watches.get(signal)
  if (watch === undefined) {
    watch = new Watch()
    watches.set(signal, watch)
    signal.addEventListener('abort', watch)
  }
  watch.listeners.add(listener)
}

/** Idempotent. */
export function stopListeningTo(signal: AbortSignal, listener: AbortListener): void {
  const watch = watches.get(signal)
  if (watch === undefined || !watch.listeners.delete(listener) || watch.listeners.size > 0) return
  watches.delete(signal)
  signal.removeEventListener('abort', watch)
}
