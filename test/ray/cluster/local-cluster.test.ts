import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { promisify } from 'node:util'
import { connect } from '@klaw/core'
import { isListening, listClusters, startCluster, stopCluster } from '@klaw/core/cluster'
import { expect, onTestFinished, test } from 'vitest'
import { killAbruptly, ownCluster, processesLike } from '../../support/ray/own-cluster.ts'
import { running, untilGone } from '../../support/ray/process-identity.ts'
import { rayOptions } from '../../support/ray/ray-options.ts'
import { until } from '../../support/until.ts'

/** Has a task run in a worker, and waits for all nodes that are to be there. */
const driver = `
import ray, sys, time
ray.init(address=sys.argv[1], log_to_driver=False, logging_level="ERROR")
while len([node for node in ray.nodes() if node["Alive"]]) < int(sys.argv[2]):
    time.sleep(0.05)
print(ray.get(ray.remote(lambda: 6 * 7).options(resources={"mine": 1}).remote()))
`

test('two run side by side, and what is stopped leaves nothing behind', async () => {
  const [one, two] = await Promise.all([ownCluster(), ownCluster({ resources: { mine: 1 } })])
  const node = await one.addNode({ numCpus: 1, resources: { mine: 1 } })
  const addresses = (await listClusters()).map(({ address }) => address)
  expect(addresses).toEqual(expect.arrayContaining([one.address, two.address]))
  expect(new Set([one.address, two.address, one.gcsAddress, two.gcsAddress]).size).toBe(4)

  const { stdout } = await promisify(execFile)(one.ray.python, ['-c', driver, one.gcsAddress, '2'])
  expect(stdout).toBe('42\n')
  const ofOne = [...one.processes(), ...node.processes()]
  expect(processesLike(one, /gcs_server/)).toHaveLength(1)
  await one.stop()
  expect(running(ofOne)).toEqual([])
  expect(existsSync(one.folder)).toBe(false)

  const [host, port] = two.address.slice('ray://'.length).split(':') as [string, string]
  expect(await isListening(host, Number(port))).toBe(true)
  const ofTwo = two.processes()
  await stopCluster(two.address)
  expect(running(ofTwo)).toEqual([])
  const left = (await listClusters()).map(({ address }) => address)
  expect(left).not.toContain(one.address)
  expect(left).not.toContain(two.address)
})

test('sessions that two heads are asked for at the same time are served by the head that was asked', async () => {
  const clusters = await Promise.all([ownCluster(), ownCluster()])
  const addresses = clusters.flatMap(({ address }) => [address, address]) as `ray://${string}`[]
  const sessions = await Promise.all(addresses.map((address) => connect(address, { timeout: 100_000 })))
  onTestFinished(async () => {
    await Promise.all(sessions.map((klaw) => klaw.shutdown()))
  })
  const nodes = await Promise.all(sessions.map(async (klaw) => (await klaw.nodes())[0]?.nodeId))
  expect(nodes.slice(0, 2)).toEqual([nodes[0], nodes[0]])
  expect(nodes.slice(2)).toEqual([nodes[2], nodes[2]])
  expect(nodes[0]).not.toBe(nodes[2])
  for (const cluster of clusters) {
    expect(processesLike(cluster, /client_server\.py.*--mode=proxy/)).not.toEqual([])
    // One more for each attempt that met the other head's.
    expect(processesLike(cluster, /--mode=specific-server/).length).toBeGreaterThanOrEqual(2)
  }
})

test('the end of the process above the others does not save them from being stopped', async () => {
  const cluster = await ownCluster()
  const processes = cluster.processes()
  process.kill(processes[0]!.pid, 'SIGKILL')
  await untilGone(processes.slice(0, 1))
  await cluster.stop()
  expect(running(processes)).toEqual([])
})

test('a head that was killed is no longer listed', async () => {
  const cluster = await ownCluster()
  const processes = cluster.processes()
  killAbruptly(cluster)
  await untilGone(processes)
  await until(async () => !(await listClusters()).some(({ address }) => address === cluster.address))
  expect(existsSync(cluster.folder)).toBe(false)
})

test('a head that does not start is an error with the end of its log', async () => {
  const starting = startCluster({ ...rayOptions(), resources: { CPU: 1 } })
  await expect(starting).rejects.toThrow(/^Ray did not start; the end of its log:\n.*CPU/s)
})

test('a head that takes too long is ended', async () => {
  const starting = startCluster({ ...rayOptions(), startTimeout: 100 })
  await expect(starting).rejects.toThrow(/^Ray was not up within 0.1 s; the end of its log:/)
})
