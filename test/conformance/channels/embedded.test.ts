import { connect } from '@klaw/core'
import { runSuites } from './suite.ts'
import { channelSuites } from './suites.ts'

runSuites(
  {
    name: 'embedded',
    knownFailing: [],
    async open() {
      const klaw = await connect()
      return {
        channel: (options = {}) => klaw.channel(options),
        acknowledged: (options = {}) => klaw.channel({ ...options, ack: 'manual' }),
        channelWith: (options) => klaw.channel(options),
        oneshot: () => klaw.oneshot(),
        broadcast: (options) => klaw.broadcast(options),
        watch: (initial) => klaw.watch(initial),
        close: () => klaw.shutdown(),
      }
    },
  },
  channelSuites,
)
