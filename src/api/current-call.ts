import { type CallContext, threadContext } from '../engine/thread-context.ts'

export type { CallContext }

/**
 * The call that the running method, or task, serves: its `signal` aborts when the call is cancelled, its caller has gone or the actor
 * is killed.
 *
 * Ask at the start of the method, before its first `await`: from then on other calls may run in between, and following each one through
 * every promise (`AsyncLocalStorage`) would slow down all of the thread. What it returned stays valid.
 *
 * @throws Error when no method of an actor and no task has just been called
 *
 * @example
 * ```ts
 * import { setTimeout as sleep } from 'node:timers/promises'
 * import { actor, currentCall } from '@klaw/core'
 *
 * export const Sleeper = actor(import.meta, class Sleeper {
 *   async sleep(milliseconds: number) {
 *     const { signal } = currentCall()
 *     await sleep(milliseconds, undefined, { signal })
 *   }
 * })
 * ```
 */
export function currentCall(): CallContext {
  const call = threadContext()?.call
  if (call === undefined) {
    throw new Error('currentCall() is for methods of actors and for tasks, at their start, before the first await')
  }
  return call.context
}
