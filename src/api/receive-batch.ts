import type { Clock } from '../core/clock.ts'
import type { ReceivePort, WaitOptions } from '../core/ports.ts'
import { ChannelClosed, ChannelTimeout } from '../errors.ts'

/** Waits for one item and takes what there is with it; waits up to `maxWait` milliseconds more while there are fewer than `max`. */
export async function receiveBatch<T>(
  port: ReceivePort<T>,
  clock: Clock,
  max: number,
  maxWait: number,
  options: WaitOptions,
): Promise<T[]> {
  options.signal?.throwIfAborted()
  const batch = await port.takeUpTo(max)
  if (batch.length === 0) batch.push(await port.recv(options))
  const deadline = clock.now() + maxWait
  try {
    while (batch.length < max) {
      const more = await port.takeUpTo(max - batch.length)
      for (const item of more) batch.push(item)
      const timeout = deadline - clock.now()
      if (batch.length >= max || timeout <= 0) break
      if (more.length === 0) batch.push(await port.recv({ timeout, signal: options.signal }))
    }
  } catch (error) {
    // It has closed, the time is over or nobody wants more: what is here goes out, and the next call meets the error if it lasts.
    const lasts = error instanceof ChannelClosed || error instanceof ChannelTimeout || options.signal?.aborted === true
    if (!lasts) port.failLater?.(error)
  }
  return batch
}
