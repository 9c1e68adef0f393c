import type { Connection } from '../../../wire/connection.ts'

/** One thread that is connected to the hub: the driver or a worker. All leases belong to a session and end with it. */
export interface Session {
  /** Unique within the runtime, never reused; 1 is the driver. */
  readonly id: number
  readonly connection: Connection
  /** What to do when the session ends, in order of registration. */
  onEnd(listener: () => void): () => void
}
