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
export type { ChannelStats, Delivery, WaitOptions } from './core/ports.ts'
export * from './errors.ts'
export type { Awaitable, Failed, Result, Success } from './result.ts'
export { done, failed, success, unwrap } from './result.ts'
