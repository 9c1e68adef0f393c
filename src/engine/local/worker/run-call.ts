import { SerializationError } from '../../../errors.ts'
import type { ThreadContext } from '../../thread-context.ts'
import type { IncomingCall } from './incoming-call.ts'

/**
 * Decodes the arguments, runs `work` with them, and has the call answered.
 *
 * Returns true when `work` has returned a promise: then `settled` is called once it has settled, after the answer.
 */
export function runCall(
  thread: ThreadContext,
  call: IncomingCall,
  work: (args: unknown[]) => unknown,
  settled: (call: IncomingCall) => void,
): boolean {
  const { server } = call
  let args: unknown[]
  try {
    args = call.arguments()
  } catch (error) {
    server.refuse(call, SerializationError.from(error))
    return false
  }
  let result: unknown
  thread.call = call
  try {
    result = work(args)
  } catch (error) {
    server.threw(call, error)
    return false
  } finally {
    thread.call = undefined
  }
  if (!isThenable(result)) {
    server.returned(call, result)
    return false
  }
  server.opened(call)
  Promise.resolve(result).then(
    (value) => {
      server.returned(call, value)
      settled(call)
    },
    (error) => {
      server.threw(call, error)
      settled(call)
    },
  )
  return true
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
}
