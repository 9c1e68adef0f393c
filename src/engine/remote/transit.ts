import type { Codec } from '../../codec/codec.ts'
import type { EncodeContext } from '../../codec/handles.ts'
import type { EncodedValue, Token } from '../../wire/token.ts'
import { detach, takeTransfer } from '../transfer.ts'

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

/**
 * A value as bytes of its own, with what it carries beside them. What `transfer()` was called for is detached.
 *
 * @param name what error paths call the value
 * @throws SerializationError when a part of it can not be sent; the handles in the others have been taken back
 */
export function encodeTransit(
  codec: Codec,
  value: unknown,
  name: string,
  release: (tokens: readonly Token[]) => void,
  target?: number,
): EncodedValue {
  const attachments: unknown[] = []
  const handles: Token[] = []
  const discardHandles = release as (handles: unknown[]) => void
  const context: TransitContext = { attachments, handles, discardHandles, target, transfer: takeTransfer(value) }
  const bytes = codec.encode(value, context, name)
  return {
    bytes,
    attachments: attachments.length === 0 ? undefined : detach(attachments),
    tokens: handles.length === 0 ? undefined : handles,
  }
}

/** Makes the local handle for a token that arrived. `detail` is what the encoder wrote. */
export type HandleFactory = (token: Token, detail: unknown) => unknown
