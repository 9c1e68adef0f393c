import { ActorDiedError, type ObjectRef, ObjectStoreFullError, OwnerDiedError, type Runtime } from '@klaw/core'
import { afterAll, beforeAll, expect } from 'vitest'
import { collectUntil } from '../../support/collect-garbage.ts'
import { failure, rejection } from '../../support/rejection.ts'
import { until } from '../../support/until.ts'
import { conformance } from '../engine.ts'

const limit = 2_000_000

conformance('memory of the object store', { onlyEmbedded: 'it is about that store and its limit' }, (engine, it) => {
  const { Holder } = engine.fixtures
  let klaw: Runtime
  let other: ReturnType<typeof start>
  const start = (numCpus: number) => klaw.actor(Holder, { numCpus }).remote()
  const used = async () => (await klaw.objectStoreStats()).used
  /** Whether the store is empty, once garbage has been collected where refs have been. */
  const empty = async () => {
    await other.collectGarbage.remote()
    const { used, published } = await klaw.objectStoreStats()
    return used === 0 && published === 0
  }
  beforeAll(async () => {
    klaw = await engine.connect({ objectStoreMemory: limit, numCpus: 8 })
    other = start(0)
  })
  afterAll(() => klaw.shutdown())

  it('counts what is put, until the last ref is disposed of', async () => {
    expect(await empty()).toBe(true)
    const ref = klaw.put(new Uint8Array(100_000))
    expect(await used()).toBeGreaterThan(100_000)
    expect(await used()).toBeLessThan(100_100)
    await other.hold.remote([ref])
    ref[Symbol.dispose]()
    expect(await other.read.remote()).toHaveLength(100_000)
    expect(await used()).toBeGreaterThan(100_000)
    await other.drop.remote()
    // The result of `read` counts as well, until its ref is collected.
    await collectUntil(empty)
  })

  it('gives back what is collected as garbage', async () => {
    await (async () => {
      const refs = [klaw.put(new Uint8Array(100_000)), klaw.put(1)]
      const [back] = (await other.echo.remote(refs)) as ObjectRef<unknown>[]
      await back
    })()
    expect(await used()).toBeGreaterThan(100_000)
    await collectUntil(empty)
  })

  it('gives back what was freed, at once', async () => {
    const ref = klaw.put(new Uint8Array(100_000))
    await other.hold.remote([ref])
    await klaw.free(ref)
    expect(await used()).toBe(0)
    await other.drop.remote()
    ref[Symbol.dispose]()
    await until(empty)
  })

  it('gives back what a thread held and owned when it ends', async () => {
    const mortal = start(1)
    const { ref } = await mortal.putBytes.remote(200_000)
    await mortal.put.remote(new Uint8Array(100_000), true)
    await mortal.hold.remote([klaw.put(new Uint8Array(300_000))])
    await klaw.kill(mortal)
    await until(async () => (await failure(ref)) instanceof OwnerDiedError)
    ref[Symbol.dispose]()
    await collectUntil(empty)
  })

  it('says when it is full, with the sizes', async () => {
    const ref = klaw.put(new Uint8Array(1_500_000))
    expect(() => klaw.put(new Uint8Array(600_000))).toThrow(ObjectStoreFullError)
    expect(() => klaw.put(new Uint8Array(600_000))).toThrow(
      /^the object store has no room for 600\d\d\d bytes: it holds 1500\d\d\d of at most 2000000 bytes/,
    )
    const elsewhere = (await rejection(other.putBytes.remote(600_000))) as Error
    expect(elsewhere.cause).toBeInstanceOf(ObjectStoreFullError)
    expect(() => klaw.put(new Uint8Array(limit * 2))).toThrow(ObjectStoreFullError)
    ref[Symbol.dispose]()
    klaw.put(new Uint8Array(600_000))[Symbol.dispose]()
    await until(empty)
  })

  it('a result that is too large fails its call', async () => {
    const ref = other.bytes.remote(limit * 2)
    expect(await rejection(ref)).toBeInstanceOf(ObjectStoreFullError)
    expect((await other.bytes.remote(1000)).length).toBe(1000)
    expect(await used()).toBe(0)
  })

  it('has room for what comes after garbage', async () => {
    // Sixteen megabytes in all; what the last rounds have left may still be in use.
    const round = async () => {
      const ref = klaw.put(new Uint8Array(200_000))
      expect(await other.readIn.remote({ ref })).toHaveLength(200_000)
    }
    for (let count = 0; count < 40; count++) await round()
    await collectUntil(empty)
  })

  it('handles inside stored values do not outlive them', async () => {
    const inner = klaw.put(new Uint8Array(100_000))
    const outer = klaw.put({ inner })
    inner[Symbol.dispose]()
    await other.hold.remote([outer])
    outer[Symbol.dispose]()
    expect(await used()).toBeGreaterThan(100_000)
    await other.drop.remote()
    await collectUntil(empty)
  })

  it('refs in messages that nobody receives, and in calls that nobody answers, hold nothing', async () => {
    const [tx, rx] = await klaw.channel<{ ref: ObjectRef<unknown> }>({ capacity: 4 })
    const mortal = start(1)
    await mortal.ready()
    await (async () => {
      await tx.send({ ref: klaw.put(new Uint8Array(100_000)) })
      await tx.send({ ref: klaw.put(new Uint8Array(100_000)) })
      expect(await (await rx.recv()).ref).toHaveLength(100_000)
      const blocked = mortal.block.remote(60_000)
      const unanswered = mortal.hold.remote([klaw.put(new Uint8Array(100_000))])
      await klaw.kill(mortal)
      expect(await rejection(blocked)).toBeInstanceOf(ActorDiedError)
      expect(await rejection(unanswered)).toBeInstanceOf(ActorDiedError)
      expect(await used()).toBeGreaterThan(100_000)
    })()
    await rx.close()
    await tx.close()
    await collectUntil(empty)
  })

  it('a wrong limit is refused', async () => {
    await expect(engine.connect({ objectStoreMemory: 0 })).rejects.toThrow(RangeError)
    await expect(engine.connect({ objectStoreMemory: '1' as never })).rejects.toThrow(TypeError)
  })
})
