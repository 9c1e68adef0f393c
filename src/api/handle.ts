import { type EncodeContext, type EncodedHandle, handleSymbol } from '../codec/handles.ts'
import type { SelectSource } from '../core/select.ts'
import { SerializationError } from '../errors.ts'

export type { EncodeContext, EncodedHandle }
export { handleSymbol }

/** Where a handle keeps the port that it stands on. Not public: engines use it to pass handles on. */
export const portSymbol: unique symbol = Symbol.for('klaw.port')

/** Makes the copy that is passed on when a handle is itself the value of a send. Not public. */
export const passSymbol: unique symbol = Symbol.for('klaw.pass')

/** Makes the case of a `select` that sends a value. Not public. */
export const sendSymbol: unique symbol = Symbol.for('klaw.send')

/** Makes the case that a handle stands for in a `select`. */
export const selectSymbol: unique symbol = Symbol.for('klaw.select')

/** Something that can be a case of {@link select}; `Outcome` is what it brings. */
export interface Selectable<out Outcome> {
  [selectSymbol](): SelectSource<Outcome>
}

/** What stands for a channel end inside a value that leaves this thread. */
export function handOver(port: object, context: EncodeContext): EncodedHandle {
  const remote = port as { encodeHandle?(context: EncodeContext): EncodedHandle }
  if (remote.encodeHandle === undefined) {
    throw new SerializationError(
      "the end of a channel of this process can not leave it: open the channel by a runtime, as in 'await klaw.channel()'",
    )
  }
  return remote.encodeHandle(context)
}
