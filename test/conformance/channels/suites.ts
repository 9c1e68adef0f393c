import { acknowledgedSuite } from './acknowledged.ts'
import { argumentsSuite } from './arguments.ts'
import { batchesSuite } from './batches.ts'
import { broadcastsSuite } from './broadcasts.ts'
import { cancellingSuite } from './cancelling.ts'
import { closingSuite } from './closing.ts'
import { observingSuite } from './observing.ts'
import { oneshotsSuite } from './oneshots.ts'
import { orderingSuite } from './ordering.ts'
import { passingSuite } from './passing.ts'
import { permitsSuite } from './permits.ts'
import { receivingSuite } from './receiving.ts'
import { schemasSuite } from './schemas.ts'
import { selectingSuite } from './selecting.ts'
import { sendingSuite } from './sending.ts'
import { streamsSuite } from './streams.ts'
import type { ChannelSuite } from './suite.ts'
import { watchesSuite } from './watches.ts'

/** Everything that a channel does, on every engine. */
export const channelSuites: readonly ChannelSuite[] = [
  sendingSuite,
  receivingSuite,
  batchesSuite,
  orderingSuite,
  closingSuite,
  cancellingSuite,
  permitsSuite,
  observingSuite,
  argumentsSuite,
  acknowledgedSuite,
  schemasSuite,
  streamsSuite,
  oneshotsSuite,
  broadcastsSuite,
  watchesSuite,
  selectingSuite,
  passingSuite,
]
