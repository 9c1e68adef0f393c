import { hostname } from 'node:os'
import { expect } from 'vitest'
import { until } from '../../support/until.ts'
import { conformance } from '../engine.ts'

conformance('resources of the cluster', (engine, it) => {
  const { Holder } = engine.fixtures
  it('what there is, and what of it is free', { onlyEmbedded: 'a cluster has what it has' }, async () => {
    await using klaw = await engine.connect({ numCpus: 3, objectStoreMemory: 1_000_000 })
    const total = { CPU: 3, object_store_memory: 1_000_000 }
    expect(await klaw.clusterResources()).toMatchObject(total)
    expect(await klaw.availableResources()).toMatchObject(total)
    const holder = klaw.actor(Holder, { numCpus: 0.5 }).remote()
    await holder.ready()
    using ref = klaw.put(new Uint8Array(100_000))
    const available = await klaw.availableResources()
    expect(available.CPU).toBe(2.5)
    expect(available.object_store_memory).toBe(1_000_000 - (await klaw.objectStoreStats()).used)
    expect(available.object_store_memory).toBeLessThan(900_000)
    expect(await klaw.clusterResources()).toMatchObject(total)
    await klaw.kill(holder)
    await until(async () => (await klaw.availableResources()).CPU === 3)
    expect(ref.id).toMatch(/^\d+\.\d+$/)
  })

  it('the nodes', { onlyEmbedded: 'a cluster has what it has' }, async () => {
    await using klaw = await engine.connect({ numCpus: 2 })
    const nodes = await klaw.nodes()
    expect(nodes).toEqual([
      {
        nodeId: expect.any(String),
        alive: true,
        hostname: hostname(),
        address: expect.any(String),
        resources: await klaw.clusterResources(),
      },
    ])
  })
})
