import type { Codec } from '../../codec/codec.ts'
import type { Token } from '../../wire/token.ts'

/**
 * What calls need of the thread or process that they are made or served in: how values become bytes, and who knows the handles inside of them.
 * Its properties may change, as when a hub is lost and another one takes its place, so they are asked for when they are needed.
 */
export interface CallHome {
  readonly codec: Codec
  /** Lets go of tokens whose values are done with. It also tells the contexts of values apart: see `transitContext`. */
  readonly releaseTokens: (tokens: readonly Token[] | undefined) => void
  /** Whether a claim may overtake the export of what it claims, and then waits for it: what carries handles can leave at once. */
  readonly claimsWait: boolean
  /** Settles when all that has been said about handles so far has been done. Where claims do not wait, nobody can claim before that what has been exported. */
  barrier(): Promise<void>
}
