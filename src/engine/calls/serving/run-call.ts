import { SerializationError } from '../../../errors.ts'
import type { IncomingCall } from './incoming-call.ts'
import type { ThreadCalls } from './thread-calls.ts'

/**
 * Decodes the arguments, runs `work` with them, and has the call answered.
 *
 * Returns true when `work` has returned a promise: then `settled` is called once it has settled, after the answer.
 */
export function runCall(
  thread: ThreadCalls,
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
  thread.context.call = call
  try {
    result = work(args)
  } catch (error) {
    server.threw(call, error)
    return false
  } finally {
    thread.context.call = undefined
  }
  if (!isThenable(result)) {
    server.returned(call, result)
    return false
  }
  server.opened(call)
  thread.running.add(call)
  Promise.resolve(result).then(
    (value) => {
      thread.running.delete(call)
      server.returned(call, value)
      settled(call)
    },
    (error) => {
      thread.running.delete(call)
      server.threw(call, error)
      settled(call)
    },
  )
  return true
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
}
