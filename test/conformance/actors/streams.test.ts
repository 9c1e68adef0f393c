import { ActorDiedError, ActorUnavailableError, RayTaskError, type Runtime } from '@klaw/core'
import { afterAll, beforeAll, expect } from 'vitest'
import { collect } from '../../support/collect.ts'
import { collectUntil } from '../../support/collect-garbage.ts'
import { rejection } from '../../support/rejection.ts'
import { conformance } from '../engine.ts'

conformance('generator methods', (engine, it) => {
  const { Streams } = engine.fixtures
  let klaw: Runtime
  beforeAll(async () => {
    klaw = await engine.connect()
  })
  afterAll(() => klaw.shutdown())
  /** What reading on fails with; values that were made before may come first. */
  const endOf = (values: AsyncIterable<unknown>) => rejection(collect(values))
  const make = (options = {}) => klaw.actor(Streams, { numCpus: 0, ...options }).remote()

  it('give their values one by one', async () => {
    using streams = make()
    expect(await collect(streams.count.remote(5))).toEqual([0, 1, 2, 3, 4])
    expect(await collect(streams.words.remote('to be or not'))).toEqual([
      { word: 'to' },
      { word: 'be' },
      { word: 'or' },
      { word: 'not' },
    ])
    expect(await collect(streams.count.remote(0))).toEqual([])
  })

  it('stand still until the next value is asked for', async () => {
    using streams = make()
    const values = streams.count.remote(100)
    expect(await values.next()).toEqual({ done: false, value: 0 })
    expect(await streams.log.remote()).toEqual(['begin', 'make 0'])
    expect(await values.next()).toEqual({ done: false, value: 1 })
    expect(await streams.log.remote()).toEqual(['begin', 'make 0', 'make 1'])
    await values.return?.()
  })

  it('end when their reader leaves', {
    onlyTypeScript: 'generators in Python run ahead of their reader, as far as they get',
  }, async () => {
    using streams = make()
    for await (const value of streams.count.remote(100)) if (value === 1) break
    expect(await streams.log.remote()).toEqual(['begin', 'make 0', 'make 1', 'end'])
    const values = streams.count.remote(2)
    expect(await values.return?.()).toEqual({ done: true, value: undefined })
    expect(await values.next()).toEqual({ done: true, value: undefined })
  })

  it('that throw fail the reading, and no more than that', async () => {
    using streams = make()
    const values = streams.count.remote(5, 1)
    expect(await values.next()).toEqual({ done: false, value: 0 })
    const error = (await rejection(values.next())) as RayTaskError
    expect(error).toBeInstanceOf(RayTaskError)
    expect(error.cause).toMatchObject({ name: 'InvoiceError', invoice: 1 })
    expect(await values.next()).toEqual({ done: true, value: undefined })
    expect(await collect(streams.count.remote(2))).toEqual([0, 1])
  })

  it('a loop over one may call the actor', async () => {
    using streams = make({ maxConcurrency: 1 })
    let logs = 0
    for await (const _value of streams.count.remote(3)) logs += (await streams.log.remote()).length
    // Where generators run ahead of their reader there is more to see.
    expect(logs).toBeGreaterThanOrEqual(2 + 3 + 4)
  })

  it('end with their actor', async () => {
    using streams = make({ maxRestarts: 1 })
    const values = streams.forever.remote()
    await values.next()
    await klaw.kill(streams, { noRestart: false })
    expect(await endOf(values)).toBeInstanceOf(ActorUnavailableError)
    const again = streams.forever.remote()
    await again.next()
    await klaw.kill(streams)
    expect(await endOf(again)).toBeInstanceOf(ActorDiedError)
    expect(await rejection(streams.count.remote(1).next())).toBeInstanceOf(ActorDiedError)
  })

  it('end when their reader forgets them', async () => {
    using streams = make()
    let values: AsyncIterableIterator<number> | undefined = streams.forever.remote()
    await values.next()
    values = undefined
    await collectUntil(async () => (await streams.log.remote()).includes('end of forever'))
  })

  it('keep their actor while somebody reads', async () => {
    const streams = make()
    const values = streams.count.remote(3)
    streams[Symbol.dispose]()
    expect(await collect(values)).toEqual([0, 1, 2])
  })
})
