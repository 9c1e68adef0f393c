import { ChannelClosed } from '../errors.ts'

// Why a channel is closed. An error is made of it for each operation that is refused: closing itself should cost nothing.

export const noSender = 'the channel is closed: no sender is left'
export const noReceiver = 'the channel is closed: no receiver is left'
export const closedSender = 'this sender is closed'
export const closedReceiver = 'this receiver is closed'

/** What a refused operation is told; `value` is what it did not send. A reason that is no text is an error already. */
export function refusal(reason: unknown, value?: unknown): ChannelClosed {
  return typeof reason === 'string' ? new ChannelClosed(reason, { value }) : (reason as ChannelClosed)
}
