import type { Entry } from '../core/leases.ts'
import type { Passing } from '../core/mpmc.ts'
import type { Awaitable } from '../result.ts'
import { passSymbol } from './handle.ts'

interface Handle {
  [passSymbol](): Handle
  close(): Awaitable<void>
}

function isHandle(value: unknown): value is Handle {
  return typeof value === 'object' && value !== null && (value as Partial<Handle>)[passSymbol] !== undefined
}

/**
 * In process, values go through a channel by reference. A channel end that is itself the value goes as a clone, as it does across
 * threads: whoever receives it closes it, and a clone that nobody receives is closed here.
 */
export const passing: Passing<unknown, unknown> = {
  wrap: (value) => (isHandle(value) ? value[passSymbol]() : value),
  drop: (item) => {
    if (isHandle(item)) void item.close()
  },
}

/** The same for acknowledged mode. */
export const entryPassing: Passing<unknown, Entry<unknown>> = {
  wrap: (value) => ({ value: passing.wrap(value), deliveryCount: 0 }),
  drop: (entry) => passing.drop(entry.value),
}
