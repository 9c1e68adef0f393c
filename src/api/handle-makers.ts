import type { HandleMakers } from '../engine/handle-makers.ts'
import { actorHandle } from './actor-handle.ts'
import { BroadcastReceiver, BroadcastSender } from './broadcast.ts'
import { ObjectRef } from './object-ref.ts'
import { OneshotReceiver, OneshotSender } from './oneshot.ts'
import { Queue } from './queue.ts'
import { Receiver } from './receiver.ts'
import { Sender } from './sender.ts'
import { WatchReceiver, WatchSender } from './watch.ts'

/** Makes the handles of what arrives inside values. */
export const handleMakers: HandleMakers = {
  objectRef: (port) => new ObjectRef(port),
  actor: (port) => actorHandle(port),
  queue: (port) => new Queue(port),
  channels: {
    sender: (port) => Sender.over(port),
    receiver: (port) => Receiver.over(port),
    oneshotSender: (port) => OneshotSender.over(port),
    oneshotReceiver: (port) => OneshotReceiver.over(port),
    broadcastSender: (port) => BroadcastSender.over(port),
    broadcastReceiver: (port) => BroadcastReceiver.over(port),
    watchSender: (port) => WatchSender.over(port),
    watchReceiver: (port) => WatchReceiver.over(port),
  },
}
