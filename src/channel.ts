/**
 * `@klaw/core/channel`: typed channels in one process, for Node, browsers, Deno and Bun. No dependencies, no `node:` imports.
 *
 * ## Which one?
 *
 * - **{@link channel}** hands work over: many senders, many receivers, each value goes to exactly one of them. It is bounded, so a fast
 *   sender waits for a slow receiver. Use it for queues, pools and pipelines, and for results that come back from many places.
 *   With `{ ack: 'manual' }` a value that its receiver did not finish with is delivered again.
 * - **{@link oneshot}** carries one value once: the answer to a request. Put its sender into the request.
 * - **{@link broadcast}** tells everybody everything: each receiver sees every value. Nobody waits for a slow receiver; it is told how
 *   many values it missed. Use it for events.
 * - **{@link watch}** shows the latest value: receivers look at it when they like and can wait for it to change. Values that nobody looked
 *   at in between are skipped. Use it for configuration, progress, and "please stop".
 *
 * {@link select} waits for several of them, and for timers and signals, at once.
 *
 * ## What they have in common
 *
 * - *Ends are separate types.* Give a function that only sends a `Sender`, and it can do nothing else.
 * - *Closing counts.* A channel ends when the last clone of one side is closed. Receivers first get everything that was sent before.
 *   Ends are `AsyncDisposable`: `await using tx = sender.clone()`.
 * - *What waits can be cancelled*, by `{ timeout }` in milliseconds and by `{ signal }`, and cancelling loses nothing: a cancelled
 *   receive has taken nothing, a cancelled send is never delivered. Each method says so under "Cancel safety".
 * - *Expected failures are values.* What tries (`trySend`, `tryRecv`, …) returns a {@link Result}; what waits throws. Errors have a `code` and
 *   give back what was not sent.
 * - *The same on every engine.* `Sender`, `Receiver` and the others are also what a runtime's channels between threads and machines
 *   give you. The types whose names begin with `Local` are those of this process, where what does not wait needs no `await`.
 *
 * An operation that nobody awaits any more never ends the process: if it is refused while it waits, that is no unhandled rejection.
 *
 * @module
 */

export type { BroadcastOptions, IterateOptions, LocalBroadcastReceiver, LocalBroadcastSender } from './api/broadcast.ts'
export { BroadcastReceiver, BroadcastSender, broadcast } from './api/broadcast.ts'
export type { DistributedChannel, LocalChannel } from './api/channel.ts'
export { channel } from './api/channel.ts'
export type {
  Acknowledged,
  ChannelOptions,
  DistributedOptions,
  Unacknowledged,
  WithSchema,
} from './api/channel-options.ts'
export type { Selectable } from './api/handle.ts'
export type { LocalOneshotReceiver, LocalOneshotSender } from './api/oneshot.ts'
export { OneshotReceiver, OneshotSender, oneshot } from './api/oneshot.ts'
export { Permit } from './api/permit.ts'
export type { LocalReceiver, RecvBatchOptions } from './api/receiver.ts'
export { Receiver } from './api/receiver.ts'
export type { OutcomeOf, SelectCase, SelectCases, Selected, SelectedDefault, SelectOptions } from './api/select.ts'
export { after, select, sending } from './api/select.ts'
export type { LocalSender } from './api/sender.ts'
export { Sender } from './api/sender.ts'
export type { LocalWatchReceiver, LocalWatchSender } from './api/watch.ts'
export { WatchReceiver, WatchSender, watch } from './api/watch.ts'
export type { ChannelStats, Delivery, NodeEnds, WaitOptions } from './core/ports.ts'
export type { ErrorCode, SchemaIssue } from './errors.ts'
export {
  ChannelClosed,
  ChannelEmpty,
  ChannelFull,
  ChannelLagged,
  ChannelPartialSend,
  ChannelSchemaError,
  ChannelTimeout,
  KlawError,
} from './errors.ts'
export type { Awaitable, Failed, Result, Success } from './result.ts'
export { done, failed, success, unwrap } from './result.ts'
