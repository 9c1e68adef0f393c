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

/** What {@link transitContext} makes. */
export type ValueContext<Attachments> = TransitContext & {
  readonly attachments: Attachments
  readonly handles: Token[]
}

/**
 * A context for a value that may carry handles and, unless `attached` is false, attachments. `release` takes back the handles of a value that is not sent
 * after all.
 */
export function transitContext(
  release: (tokens: readonly Token[]) => void,
  target: number | undefined,
  attached: boolean,
): ValueContext<unknown[] | undefined>
export function transitContext(
  release: (tokens: readonly Token[]) => void,
  target?: number,
  attached?: true,
): ValueContext<unknown[]>
export function transitContext(
  release: (tokens: readonly Token[]) => void,
  target?: number,
  attached = true,
): ValueContext<unknown[] | undefined> {
  const discardHandles = release as (handles: unknown[]) => void
  return { attachments: attached ? [] : undefined, handles: [], discardHandles, target }
}

/**
 * A value as bytes of its own, with what it carries beside them. What `transfer()` was called for is detached.
 *
 * @param name what error paths call the value
 * @param attached false: it goes where nothing can be attached, so shared memory is refused, and what moves is copied
 * @throws SerializationError when a part of it can not be sent; the handles in the others have been taken back
 */
export function encodeTransit(
  codec: Codec,
  value: unknown,
  name: string,
  release: (tokens: readonly Token[]) => void,
  target?: number,
  attached = true,
): EncodedValue {
  const { attachments, handles, discardHandles } = transitContext(release, target, attached)
  const transfer = takeTransfer(value)
  const bytes = codec.encode(value, { attachments, handles, discardHandles, target, transfer } as TransitContext, name)
  if (attachments === undefined && transfer !== undefined) detach([...transfer])
  return {
    bytes,
    attachments: attachments === undefined || attachments.length === 0 ? undefined : detach(attachments),
    tokens: handles.length === 0 ? undefined : handles,
  }
}

/** Makes the local handle for a token that arrived. `detail` is what the encoder wrote. */
export type HandleFactory = (token: Token, detail: unknown) => unknown
