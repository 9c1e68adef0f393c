import type { ActorDescription } from '../../definition.ts'

/** The built-in module that the class of the queue actor is in. */
export const queueModule = 'klaw:queue'

/** What callers need to know of the queue actor. Its class is `QueueActor`. */
export const queueDescription: ActorDescription = {
  module: queueModule,
  name: 'QueueActor',
  methods: {
    put: 'value',
    putAll: 'value',
    get: 'value',
    getMany: 'value',
    took: 'value',
    abandon: 'value',
    size: 'value',
    full: 'value',
  },
  asynchronous: true,
}

/**
 * What every operation begins with: the session and the number of the handle, the number of the operation, and the last ticket that
 * the handle has taken. When the session's thread ends, what it waits for is forgotten and what it did not take comes back.
 */
export type QueueCaller = [session: number, handle: number, operation: number, took: number]

/** How an operation that waits ended, other than by success. `gone`: it was abandoned, without effect. */
export type Unsuccessful = 'timeout' | 'gone'

/** Items that were handed out. They count as taken once the handle has said that it took `ticket`. */
export type Handed = readonly [ticket: number, ...items: unknown[]]
