import type { Receiver } from './receiver.ts'
import type { Sender } from './sender.ts'

/** What `channel({ distributed })` needs of a runtime. */
export interface ChannelRuntime {
  channel(options: object): Promise<readonly [Sender<never>, Receiver<unknown>]>
}

/** The runtimes that are open in this thread. Only `distributed: true` looks here; handles carry the runtime that made them. */
const open = new Set<ChannelRuntime>()

/** Called by `connect`. Returns what the runtime calls when it shuts down. */
export function registerRuntime(runtime: ChannelRuntime): () => void {
  open.add(runtime)
  return () => open.delete(runtime)
}

export function openRuntimes(): ReadonlySet<ChannelRuntime> {
  return open
}

/** The runtime that `distributed: true` means. */
export function onlyRuntime(): ChannelRuntime {
  const [runtime] = open
  if (runtime === undefined) {
    throw new TypeError(
      `'distributed: true' needs an open runtime: connect() first, or pass one, as in { distributed: klaw }`,
    )
  }
  if (open.size > 1) {
    throw new TypeError(
      `'distributed: true' is ambiguous, ${open.size} runtimes are open: pass one, as in { distributed: klaw }`,
    )
  }
  return runtime
}
