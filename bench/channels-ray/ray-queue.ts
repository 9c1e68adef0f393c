import type { Contender, Measured, Rounds, Scale } from '../harness/definition.ts'
import { repeats } from '../harness/rate.ts'
import { milliseconds, PythonPeer } from '../ray/python-peer.ts'
import { leaveCluster, useCluster } from '../ray/shared-cluster.ts'

const id = 'ray-queue'
const name = 'Ray Queue from Python in the cluster'

/** Items a second that go through Ray's own Queue: `put_async` by a driver, `get_async` by an actor, item by item. */
export function rayQueueFlow(size: number): Contender {
  return repeats(id, name, async () => {
    const { peer, stop } = await start()
    return { run: async (count) => milliseconds(await peer.ask('one_to_one', { count, size })), stop }
  })
}

/** Half of the way there and back, over two queues. */
export function rayQueueLatency(size: number, countOf: (scale: Scale) => number): Contender {
  return {
    id,
    name,
    async start(scale): Promise<Rounds> {
      const { peer, stop } = await start()
      const count = countOf(scale)
      return { round: () => peer.ask('round_trips', { count, size }) satisfies Promise<Measured>, stop }
    },
  }
}

async function start() {
  const { ray, gcsAddress } = await useCluster()
  const peer = await PythonPeer.start(ray.python, 'driver', gcsAddress, 'queue_peer.py')
  const stop = async () => {
    await peer.stop()
    await leaveCluster()
  }
  return { peer, stop }
}
