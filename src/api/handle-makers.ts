import type { HandleMakers } from '../engine/local/engine.ts'
import { actorHandle } from './actor-handle.ts'
import { ObjectRef } from './object-ref.ts'
import { Receiver } from './receiver.ts'
import { Sender } from './sender.ts'

/** Makes the handles of what arrives inside values. */
export const handleMakers: HandleMakers = {
  objectRef: (port) => new ObjectRef(port),
  actor: (port) => actorHandle(port),
  channels: {
    sender: (port) => Sender.over(port),
    receiver: (port) => Receiver.over(port),
  } as HandleMakers['channels'],
}
