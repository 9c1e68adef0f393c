import type { LaneFactory } from './lane.ts'

/** Lanes to something that is made for the first of them, once. When it could not be made, there are none. */
export function lateLanes(lanes: LaneFactory, make: () => Promise<unknown>): LaneFactory {
  let made: Promise<unknown> | undefined
  return {
    kind: lanes.kind,
    async open(signal) {
      signal.throwIfAborted()
      made ??= make()
      await unlessAborted(made, signal)
      return lanes.open(signal)
    },
  }
}

/** Rejects with the signal's reason once that aborts. */
function unlessAborted(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    const done = () => signal.removeEventListener('abort', abort)
    work.then(() => resolve(), reject).finally(done)
  })
}
