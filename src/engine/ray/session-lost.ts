import { RayError } from '../../errors.ts'

/** What everything that waits for the cluster is refused with when the session has ended by itself. */
export function sessionLost(reason: Error): RayError {
  const message = `the session is lost: ${reason.message}; what was under way may or may not have been executed`
  return new RayError(message, { cause: reason })
}
