import type { EncodeContext } from '../../codec/handles.ts'
import type { EncodedValue, Token } from '../../wire/token.ts'

/** Collects the handles of a value that is being encoded. Without `handles`, handles are refused. */
export interface TransitContext extends EncodeContext {
  /** The tokens of the handles inside. */
  readonly handles?: Token[] | undefined
  /** The session that the value goes to directly; absent when it goes through the hub. */
  readonly target?: number | undefined
}

/** A context for a value that may carry anything. `release` takes back the handles of a value that is not sent after all. */
export function transitContext(
  release: (tokens: readonly Token[]) => void,
  target?: number,
): TransitContext & { readonly attachments: unknown[]; readonly handles: Token[] } {
  return { attachments: [], handles: [], discardHandles: release as (handles: unknown[]) => void, target }
}

/** The encoded value with what its context has collected. */
export function encodedValue(bytes: Uint8Array, context: TransitContext): EncodedValue {
  return {
    bytes,
    attachments: context.attachments?.length ? context.attachments : undefined,
    tokens: context.handles?.length ? context.handles : undefined,
  }
}

/** Makes the local handle for a token that arrived. `detail` is what the encoder wrote. */
export type HandleFactory = (token: Token, detail: unknown) => unknown
