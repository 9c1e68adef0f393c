import type { ActorPort } from './actor-engine.ts'
import type { ChannelHandles } from './channel-engine.ts'
import type { ObjectPort } from './object-engine.ts'
import type { QueuePort } from './queue-engine.ts'

/** What an engine needs to make the handles that users hold. */
export interface HandleMakers {
  readonly channels: ChannelHandles
  objectRef(port: ObjectPort): unknown
  actor(port: ActorPort): unknown
  queue(port: QueuePort): unknown
}
