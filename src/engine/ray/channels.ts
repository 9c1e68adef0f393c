import { KlawError } from '../../errors.ts'
import type { ChannelEngine } from '../channel-engine.ts'

/** Channels across a cluster come later; until then every operation says so. */
export class RayChannels implements ChannelEngine {
  readonly open = refuse
  readonly openOneshot = refuse
  readonly openBroadcast = refuse
  readonly openWatch = refuse
  readonly find = refuse
  readonly list = refuse
  readonly delete = refuse
}

function refuse(): Promise<never> {
  return Promise.reject(
    new KlawError('channels on Ray come with the next version: use a queue, or the embedded engine'),
  )
}
