import type { Connection } from '../../../wire/connection.ts'
import { unsendable } from '../../../wire/unsendable.ts'

/** How a Node child ends by itself; what code in it throws ends it with Node's own 1. */
export const exitCode = {
  /** Its standard input has ended: its parent has gone, or wants it to. */
  parentGone: 0,
  /** The session with the agent in its parent is lost. */
  sessionLost: 69,
} as const

/** Tells the parent of an error that nobody has caught, which ends this process in a moment: Node's own report knows only its text. */
export function followErrors(connection: Connection): void {
  process.on('uncaughtExceptionMonitor', (error) => {
    // Somebody here will deal with it, and the process goes on.
    if (process.listenerCount('uncaughtException') > 0) return
    try {
      connection.notify('host.failing', error)
    } catch (cause) {
      connection.notify('host.failing', unsendable(error, cause))
    }
    connection.flush()
  })
}
