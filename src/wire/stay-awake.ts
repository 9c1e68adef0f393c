import { FrameType, typeOffset } from './frame.ts'

/**
 * Keeps this thread's event loop turning for a moment after small messages.
 *
 * A loop that sleeps in the kernel takes 30-70 µs to wake on a small virtual machine, which is most of a round trip between
 * threads, and much of one between processes. Turning costs nothing to others in the loop, and ends by itself.
 *
 * It is worth it only while the answer comes meanwhile. Where the peer needs this very processor, as on a busy machine, turning is
 * what keeps the answer from coming: a thread that turned in vain sleeps at once for a while, longer each time.
 */

/** So many times in vain one after the other show that turning does not help. */
const mostInVain = 3
/** For how many messages it is not tried then: the first time, and at most. */
const fewestSkipped = 16
const mostSkipped = 4096

/** Frames that only keep a stream flowing; where they are small and many, a thread had better sleep in between. */
const flowFrames: ReadonlySet<number> = new Set([
  FrameType.credit,
  FrameType.want,
  FrameType.returnCredit,
  FrameType.recallCredit,
  FrameType.demand,
  FrameType.taken,
])

/** Whether somebody may wait for what the chunk, which begins with a frame, brings, or for an answer: one of at most so many bytes is a sign of that. */
export function isAwaited(chunk: Uint8Array, longest: number): boolean {
  return chunk.byteLength <= longest && !flowFrames.has(chunk[typeOffset] as number)
}

// The event loop belongs to the thread, not to a runtime: one turning loop serves every connection of the thread.
let until = 0
let turning = false
let inVain = 0
let skipped = 0
let nextSkipped = fewestSkipped

/** A small message has come or goes; `arrived` says which. The loop keeps turning for so many milliseconds after the last one. */
export function stayAwake(milliseconds: number, arrived = false): void {
  if (arrived && turning) {
    inVain = 0
    nextSkipped = fewestSkipped
  }
  if (skipped > 0) {
    skipped--
    return
  }
  until = Math.max(until, performance.now() + milliseconds)
  if (turning) return
  turning = true
  setImmediate(turn)
}

function turn(): void {
  if (performance.now() < until) {
    setImmediate(turn)
    return
  }
  turning = false
  if (++inVain < mostInVain) return
  inVain = 0
  skipped = nextSkipped
  nextSkipped = Math.min(nextSkipped * 2, mostSkipped)
}
