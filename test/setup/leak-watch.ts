import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Worker } from 'node:worker_threads'

const pollMs = 10

/** Taken before a test can replace it by a fake one. */
const { setTimeout: realSetTimeout } = globalThis

/** Watches one stretch of work for what it leaves behind. */
export interface LeakWatch {
  start(): void
  /**
   * One line for each thing left behind; empty is good. What is on its way out gets `patience` milliseconds to go,
   * 5,000 unless told otherwise.
   */
  stop(options?: { patience?: number }): Promise<string[]>
}

/**
 * Counts what keeps the event loop alive (timers, ports, sockets, child processes), worker threads, rejections that
 * nobody handled, and uncaught exceptions.
 */
export function watchLeaks(): LeakWatch {
  const errors: string[] = []
  const workers = new Set<Worker>()
  let before = new Map<string, number>()

  const onRejection = (reason: unknown) => errors.push(`unhandled rejection: ${describe(reason)}`)
  const onException = (error: unknown) => errors.push(`uncaught exception: ${describe(error)}`)
  const onWorker = (message: unknown) => {
    const { worker } = message as { worker: Worker }
    workers.add(worker)
    worker.once('exit', () => workers.delete(worker))
  }

  const leftovers = (): string[] => {
    const lines: string[] = []
    for (const [type, count] of activeResources()) {
      const extra = count - (before.get(type) ?? 0)
      if (extra > 0) lines.push(`${extra} × ${type}`)
    }
    if (workers.size > 0) lines.push(`${workers.size} × worker thread`)
    return lines
  }

  return {
    start() {
      before = activeResources()
      // The runner's own timers come and go: one that happens to be active now must not excuse a leaked one later.
      before.delete('Timeout')
      before.delete('Immediate')
      process.on('unhandledRejection', onRejection)
      process.on('uncaughtExceptionMonitor', onException)
      subscribe('worker_threads', onWorker)
    },
    async stop({ patience = 5_000 } = {}) {
      // A rejection is reported after the microtasks of its turn, so the last test's may still be under way.
      await turn()
      const deadline = performance.now() + patience
      while (leftovers().length > 0 && performance.now() < deadline) await turn()
      process.off('unhandledRejection', onRejection)
      process.off('uncaughtExceptionMonitor', onException)
      unsubscribe('worker_threads', onWorker)
      return [...errors, ...leftovers()]
    },
  }
}

/** Waits with a timer that does not count as active itself. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    realSetTimeout(resolve, pollMs)
  })
}

function activeResources(): Map<string, number> {
  const counts = new Map<string, number>()
  for (const type of process.getActiveResourcesInfo()) counts.set(type, (counts.get(type) ?? 0) + 1)
  return counts
}

function describe(thrown: unknown): string {
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)
}
