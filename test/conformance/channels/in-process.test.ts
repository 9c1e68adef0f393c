import { broadcast, channel, oneshot, watch } from '@klaw/core/channel'
import { runSuites } from './suite.ts'
import { channelSuites } from './suites.ts'

runSuites(
  {
    name: 'in process',
    knownFailing: [],
    open: async () => ({
      channel: async (options = {}) => channel(options),
      acknowledged: async (options = {}) => channel({ ...options, ack: 'manual' }),
      channelWith: async (options) => channel(options),
      oneshot: async () => oneshot(),
      broadcast: async (options) => broadcast(options),
      watch: async (initial) => watch(initial),
      close: async () => {},
    }),
  },
  channelSuites,
)
