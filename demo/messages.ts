import type { Unreadable } from './unreadable.ts'
import type { WordCounts } from './words.ts'

/** What became of one file. */
export type FileOutcome =
  | { readonly kind: 'text'; readonly bytes: number; readonly words: number; readonly digest: string }
  | { readonly kind: 'not text' }
  | ({ readonly kind: 'unreadable' } & Unreadable)

/**
 * What counters send to the reducer: something small after each file, and the counts of words now and then for many files
 * together, since most words occur in most files.
 */
export type CounterMessage =
  | { readonly kind: 'file'; readonly counter: number; readonly outcome: FileOutcome }
  | { readonly kind: 'words'; readonly counter: number; readonly counts: WordCounts }
