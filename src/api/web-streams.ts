import { noReceiver, refusal } from '../core/closures.ts'
import type { SendPort } from '../core/ports.ts'
import type { SelectSource } from '../core/select.ts'
import { ChannelClosed } from '../errors.ts'
import type { Awaitable, Result } from '../result.ts'
import { Checking } from './checking.ts'

/** A stream that takes one item for each read, never in advance. Cancelling it calls `close`. */
export function readableFrom<T>(
  source: SelectSource<Result<T, Error>>,
  close: () => Awaitable<void>,
): ReadableStream<T> {
  let leave: (() => void) | undefined
  let isCancelled = false
  return new ReadableStream<T>(
    {
      pull: (controller) =>
        new Promise((resolve) => {
          const settle = (outcome: Result<T, Error>) => {
            leave = undefined
            if (!outcome.ok && outcome.error instanceof Checking) {
              void (outcome.error.outcome as Promise<Result<T, Error>>).then(settle)
            } else give(outcome)
          }
          const give = (outcome: Result<T, Error>) => {
            if (isCancelled) return resolve()
            if (outcome.ok) controller.enqueue(outcome.value)
            else if (outcome.error instanceof ChannelClosed) controller.close()
            else controller.error(outcome.error)
            resolve()
          }
          if (source.ready()) return settle(source.take())
          // What is delivered goes to the reader in the same step, so nothing is on its way when the stream is cancelled.
          let settled = false
          const unpark = source.park((outcome) => {
            settled = true
            settle(outcome)
          })
          if (settled) return
          leave = () => {
            unpark()
            resolve()
          }
        }),
      async cancel() {
        isCancelled = true
        leave?.()
        await close()
      },
    },
    { highWaterMark: 0 },
  )
}

/** A stream that writes into the port and owns it. */
export function writableTo<T>(port: SendPort<T>): WritableStream<T> {
  return new WritableStream<T>({
    start(controller) {
      // Tells the writer even while nothing is being written. After a regular close this does nothing.
      const fail = (error: unknown) => controller.error(error)
      port.closed(undefined).then(() => fail(refusal(noReceiver)), fail)
    },
    // Aborting the stream waits for the write under way, so it has to cancel it.
    write: (value, controller) => port.send(value, { signal: (controller as { signal?: AbortSignal }).signal }),
    async close() {
      await port.close()
    },
    async abort() {
      await port.close()
    },
  })
}
