import type { Arrived } from './arrivals.ts'
import type { Line } from './side.ts'

/** How long a receiver takes: after so many items it waits for so many milliseconds. */
export interface Pace {
  readonly items: number
  readonly pause: number
}

/** What the parent asks of a party, one thing at a time. */
export type Order =
  /** Opens the sending end. */
  | { readonly t: 'open-sender'; readonly line: Line; readonly sender: number }
  /** All parties have opened what they use. */
  | { readonly t: 'settle' }
  /** Sends; answered by when it began, in nanoseconds of the shared clock. */
  | { readonly t: 'send'; readonly count: number }
  /** Receives from now on, and reports on it. `alone`: gets every item. */
  | { readonly t: 'receive'; readonly line: Line; readonly alone: boolean; readonly pace?: Pace }
  | { readonly t: 'answer'; readonly line: Line }
  | { readonly t: 'open-asker'; readonly line: Line }
  /** Asks so many times, one after the other; answered by the microseconds of each. */
  | { readonly t: 'ask'; readonly count: number }
  | { readonly t: 'close' }

/** What a party tells the parent. */
export type Word =
  /** It is connected. */
  | { readonly t: 'ready' }
  | { readonly t: 'done'; readonly value?: number | readonly number[] }
  | { readonly t: 'failed'; readonly message: string }
  | { readonly t: 'arrived'; readonly arrived: Arrived }
