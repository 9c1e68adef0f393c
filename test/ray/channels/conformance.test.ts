import { connect } from '@klaw/core'
import { inject } from 'vitest'
import { runSuites } from '../../conformance/channels/suite.ts'
import { channelSuites } from '../../conformance/channels/suites.ts'

/** Which way to the hub: straight to its port, and through the session's agent, which itself is reached through calls. */
for (const lane of ['direct', 'tunnel'] as const) {
  runSuites(
    {
      name: `ray, ${lane} lane`,
      knownFailing: [],
      async open() {
        const klaw = await connect(inject('rayAddress') as `ray://${string}`, { lane, timeout: 60_000 })
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
}
