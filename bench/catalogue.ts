import { callBenchmarks } from './actors/calls.ts'
import { pooledBenchmark } from './actors/pooled.ts'
import { channelBroadcastBenchmarks } from './channels-ray/broadcast.ts'
import { channelCompanyBenchmarks } from './channels-ray/company.ts'
import { channelFairnessBenchmarks } from './channels-ray/fairness.ts'
import { channelLatencyBenchmark } from './channels-ray/latency.ts'
import { channelManyBenchmark } from './channels-ray/many.ts'
import { channelThroughputBenchmarks } from './channels-ray/throughput.ts'
import { channelTunnelBenchmark } from './channels-ray/tunnel.ts'
import { codecBenchmarks } from './codec/encode-decode.ts'
import type { Benchmark } from './harness/definition.ts'
import { forAwaitBenchmarks } from './in-process/for-await.ts'
import { openChannelsBenchmark } from './in-process/open-channels.ts'
import { roundTripBenchmarks } from './in-process/round-trips.ts'
import { sendRecvBenchmarks } from './in-process/send-recv.ts'
import { slowConsumerBenchmark } from './in-process/slow-consumer.ts'
import { tryBenchmark } from './in-process/try-send-try-recv.ts'
import { putGetBenchmarks } from './objects/put-get.ts'
import { rayCallBenchmarks } from './ray/calls.ts'
import { rayConnectBenchmark } from './ray/connect.ts'
import { rayObjectBenchmarks } from './ray/objects.ts'
import { typeScriptCallBenchmarks } from './ray-typescript/calls.ts'
import { typeScriptCreationBenchmarks } from './ray-typescript/creation.ts'
import { typeScriptDemoBenchmark } from './ray-typescript/demo.ts'
import { typeScriptMemoryBenchmark } from './ray-typescript/memory.ts'
import { latencyBenchmark } from './threads/latency.ts'
import { openThreadChannelsBenchmark } from './threads/open-channels.ts'
import { throughputBenchmarks } from './threads/throughput.ts'

/** Every benchmark, in the order in which they run. */
export const catalogue: readonly Benchmark[] = [
  ...sendRecvBenchmarks,
  tryBenchmark,
  ...forAwaitBenchmarks,
  ...roundTripBenchmarks,
  openChannelsBenchmark,
  slowConsumerBenchmark,
  ...codecBenchmarks,
  ...throughputBenchmarks,
  latencyBenchmark,
  openThreadChannelsBenchmark,
  ...callBenchmarks,
  pooledBenchmark,
  ...putGetBenchmarks,
  rayConnectBenchmark,
  ...rayCallBenchmarks,
  ...rayObjectBenchmarks,
  ...typeScriptCallBenchmarks,
  ...typeScriptCreationBenchmarks,
  typeScriptMemoryBenchmark,
  typeScriptDemoBenchmark,
  ...channelThroughputBenchmarks,
  channelLatencyBenchmark,
  channelManyBenchmark,
  ...channelBroadcastBenchmarks,
  ...channelCompanyBenchmarks,
  channelTunnelBenchmark,
  ...channelFairnessBenchmarks,
]
