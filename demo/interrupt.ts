/** Ctrl-C as a signal for whatever is running. */
export interface Interrupt extends Disposable {
  readonly signal: AbortSignal
}

/**
 * Turns the first Ctrl-C into an abort, so that the work can end in order. A second one meets Node's own handling, which ends the
 * process at once. The work also ends when nobody reads its output any more, as in `npm run demo | head`.
 */
export function onInterrupt(): Interrupt {
  const controller = new AbortController()
  const abort = () => controller.abort()
  process.once('SIGINT', abort)
  process.stdout.on('error', abort)
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      process.off('SIGINT', abort)
    },
  }
}
