export type { ActorDefinition, AnyClass } from './api/actor.ts'
export { actor } from './api/actor.ts'
export type { ActorClass } from './api/actor-class.ts'
export type { ActorOptions, CallOptions, ResourceOptions, TaskOptions } from './api/actor-options.ts'
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
export type { ConnectOptions, RayConnectOptions } from './api/connect.ts'
export { connect } from './api/connect.ts'
export type { CallContext } from './api/current-call.ts'
export { currentCall } from './api/current-call.ts'
export { currentRuntime } from './api/current-runtime.ts'
export type { ModuleMeta } from './api/definition.ts'
export type { Selectable } from './api/handle.ts'
export { ObjectRef } from './api/object-ref.ts'
export type { GetOptions, GetProgressOptions, PutOptions, RefValues, WaitForOptions } from './api/objects.ts'
export type { LocalOneshotReceiver, LocalOneshotSender } from './api/oneshot.ts'
export { OneshotReceiver, OneshotSender, oneshot } from './api/oneshot.ts'
export { Permit } from './api/permit.ts'
export type {
  ActorPoolOptions,
  PoolActorOptions,
  PoolMethodNames,
  PoolMethodResult,
} from './api/pool/actor-pool-options.ts'
export type { PoolContext, PoolHandler } from './api/pool/handler-executor.ts'
export { pool } from './api/pool/open-pool.ts'
export type { PoolItem, PoolListeners, PoolOptions, PoolScale, PoolSize } from './api/pool/options.ts'
export { Pool } from './api/pool/pool.ts'
export type { PoolProgress, PoolProgressOptions, PoolStats } from './api/pool/progress.ts'
export type { PoolWorkerProgress, PoolWorkerState } from './api/pool/worker.ts'
export type {
  PyActorDefinition,
  PyActorOptions,
  PyFunctionDefinition,
  PyFunctionOptions,
  PyGeneratorDefinition,
} from './api/python.ts'
export { pyActorClass, pyFunction } from './api/python.ts'
export type { QueueOptions, QueueShutdownOptions, QueueWaitOptions } from './api/queue.ts'
export { Queue } from './api/queue.ts'
export type { AgentEndpoint, AskedEndpoint, RayTls } from './api/ray-options.ts'
export type { LocalReceiver, RecvBatchOptions } from './api/receiver.ts'
export { Receiver } from './api/receiver.ts'
export type {
  ActorHandle,
  ActorHandleMembers,
  Remote,
  RemoteArgument,
  RemoteArguments,
  RemoteMethod,
  RemoteStream,
  StreamNames,
  StreamValue,
} from './api/remote-types.ts'
export { Runtime } from './api/runtime.ts'
export type { OutcomeOf, SelectCase, SelectCases, Selected, SelectedDefault, SelectOptions } from './api/select.ts'
export { after, select, sending } from './api/select.ts'
export type { LocalSender } from './api/sender.ts'
export { Sender } from './api/sender.ts'
export type { AnyFunction, RemoteStreamTask, RemoteTask, TaskDefinition } from './api/task.ts'
export { task } from './api/task.ts'
export type { Shared, TypedArray } from './api/transfer.ts'
export { shared, transfer } from './api/transfer.ts'
export type { LocalWatchReceiver, LocalWatchSender } from './api/watch.ts'
export { WatchReceiver, WatchSender, watch } from './api/watch.ts'
export { PyObject } from './codec/py-object.ts'
export type { ChannelStats, Delivery, NodeEnds, WaitOptions } from './core/ports.ts'
export type { NamedActor, RuntimeEnv } from './engine/actor-engine.ts'
export type { NodeInfo, ResourceAmounts } from './engine/cluster-engine.ts'
export type { EngineInfo, InfoOptions, NodeJs } from './engine/engine.ts'
export type { ObjectStoreStats, Progress } from './engine/object-engine.ts'
export type { LogLine } from './engine/ray/bootstrap/log-line.ts'
export * from './errors.ts'
export type { Awaitable, Failed, Result, Success } from './result.ts'
export { done, failed, success, unwrap } from './result.ts'
