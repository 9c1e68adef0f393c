/**
 * Keeps this thread's event loop turning for a moment after small messages.
 *
 * A loop that sleeps in the kernel takes 30-70 µs to wake on a small virtual machine, which is most of a round trip between
 * threads. Turning costs nothing to others in the loop, and ends by itself.
 */

/** Milliseconds that the loop keeps turning after the last small message. */
const awakeTime = 0.05

// The event loop belongs to the thread, not to a runtime: one turning loop serves every connection of the thread.
let until = 0
let turning = false

export function stayAwake(): void {
  until = performance.now() + awakeTime
  if (turning) return
  turning = true
  setImmediate(turn)
}

function turn(): void {
  if (performance.now() < until) setImmediate(turn)
  else turning = false
}
