import { ChannelBackendError } from '../../errors.ts'
import type { ChannelHost, ChannelIdentity } from './channel-host.ts'

/**
 * What every end of a channel fails with when the hub that held it is gone.
 *
 * @param unconfirmed items of a sending end that the hub has not said to have
 */
export function engineLost(
  { backend }: Pick<ChannelHost, 'backend'>,
  { name, namespace }: ChannelIdentity,
  cause: Error,
  unconfirmed = 0,
): ChannelBackendError {
  return new ChannelBackendError(`the ${backend} engine that holds the channel is gone: ${cause.message}`, {
    backend,
    ...(name === undefined ? {} : { channelName: name }),
    namespace,
    unconfirmed,
    cause,
  })
}
