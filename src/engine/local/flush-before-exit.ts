import type { Client } from './client.ts'
import { turns } from './turns.ts'

/**
 * Before an idle process ends, its threads hand over what they have printed: Node passes it on from thread to thread, and would drop
 * what is still under way.
 *
 * @param calls how many calls have been made; none since the last time means that there is nothing new
 */
export function flushBeforeExit(client: Client, calls: () => number): void {
  let flushed = 0
  const flush = () => {
    if (calls() === flushed) return
    flushed = calls()
    // Waiting keeps the process alive; Node asks again afterwards.
    client.connection.request('threads.flush').then(
      () => turns(),
      () => {
        // The runtime was shut down meanwhile, which has its own way to wait for the threads.
      },
    )
  }
  process.on('beforeExit', flush)
  client.connection.onLost(() => process.off('beforeExit', flush))
}
