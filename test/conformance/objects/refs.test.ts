import { type ObjectRef, RayTaskError, type Runtime } from '@klaw/core'
import { afterAll, beforeAll, expect } from 'vitest'
import { rejection } from '../../support/rejection.ts'
import { conformance } from '../engine.ts'

conformance('refs inside values', (engine, it) => {
  const { Holder } = engine.fixtures
  const python = engine.language === 'python'
  let klaw: Runtime
  const start = () => klaw.actor(Holder, { numCpus: 0 }).remote()
  let one: ReturnType<typeof start>
  let two: ReturnType<typeof start>
  beforeAll(async () => {
    klaw = await engine.connect()
    ;[one, two] = [start(), start()]
  })
  afterAll(() => klaw.shutdown())

  it('a top-level argument is resolved, a nested one stays a ref', async () => {
    const ref = klaw.put(new Map([[1, 'a']]))
    expect(await one.kind.remote(ref)).toBe(python ? 'dict' : 'Map')
    expect(await one.kind.remote({ ref })).toBe(python ? 'dict' : 'Object')
    expect(await one.readIn.remote({ ref })).toEqual(new Map([[1, 'a']]))
    // On Ray a ref that was made here is known by Ray's id to Python alone.
    if (!python) expect(await one.ids.remote([ref])).toEqual([ref.id])
  })

  it('a pending argument is waited for, and one that failed fails the call', async () => {
    const pending = two.gate.remote()
    const kind = one.kind.remote(pending)
    await two.open.remote(1n)
    expect(await kind).toBe(python ? 'int' : 'bigint')
    const failing = two.gate.remote()
    const call = one.kind.remote(failing)
    await two.break.remote('no value')
    const error = await rejection(call)
    expect(error).toBeInstanceOf(RayTaskError)
    expect((error as RayTaskError).cause).toMatchObject({
      name: python ? 'ValueError' : 'RangeError',
      message: 'no value',
    })
  })

  it('they travel in every kind of container', async () => {
    const ref = klaw.put('inside')
    const shape = {
      list: [ref, [ref]],
      map: new Map<unknown, unknown>([[1, ref]]),
      set: new Set([ref]),
      deep: { er: { ref } },
    }
    const back = (await one.echo.remote(shape)) as typeof shape
    const found = [
      back.list[0],
      (back.list[1] as ObjectRef<string>[])[0],
      back.map.get(1),
      ...back.set,
      back.deep.er.ref,
    ] as ObjectRef<string>[]
    expect(found).toHaveLength(5)
    for (const each of found) {
      expect(each.equals(ref)).toBe(true)
      expect(await each).toBe('inside')
    }
  })

  it('a ref goes from its owner to a second and a third thread', async () => {
    const { ref } = await one.put.remote({ from: 'one' })
    expect(await two.hold.remote([ref])).toBe(1)
    ref[Symbol.dispose]()
    expect(await two.read.remote(0)).toEqual({ from: 'one' })
    const { refs } = await two.held.remote()
    expect(await refs[0]).toEqual({ from: 'one' })
    await two.drop.remote()
  })

  it('refs inside stored values, and inside those', async () => {
    const inner = klaw.put('innermost')
    const outer = klaw.put({ middle: klaw.put({ inner }) })
    const { ref } = (await one.echo.remote({ ref: outer })) as { ref: typeof outer }
    const { middle } = await ref
    expect(await (await middle).inner).toBe('innermost')
    const read = (await one.readIn.remote({ ref: outer })) as { middle: ObjectRef<{ inner: ObjectRef<string> }> }
    expect(await (await read.middle).inner).toBe('innermost')
  })

  it('a pending ref that was passed on settles there', async () => {
    const pending = one.gate.remote()
    const read = two.readIn.remote({ ref: pending })
    await one.open.remote('at last')
    expect(await read).toBe('at last')
  })

  it('a failure crosses threads with its class, message and cause', async () => {
    const failing = one.gate.remote()
    await two.hold.remote([failing])
    await one.break.remote('broken')
    expect(await two.failure.remote()).toBe('RayTaskError')
    const error = (await rejection(two.read.remote())) as RayTaskError
    expect(error).toBeInstanceOf(RayTaskError)
    await two.drop.remote()
  })

  it('refs go through channels', async () => {
    const [tx, rx] = await klaw.channel<{ ref: ObjectRef<unknown> }>({ capacity: 10 })
    const received = one.receive.remote(rx)
    const ref = klaw.put(['through', 'a', 'channel'])
    await tx.send({ ref })
    ref[Symbol.dispose]()
    expect(await received).toEqual(['through', 'a', 'channel'])
    await tx.close()
    await rx.close()
  })

  it('a busy owner holds up nobody who gets what it has published', async () => {
    const owner = klaw.actor(Holder, { numCpus: 1 }).remote()
    const { ref } = await owner.put.remote('published')
    const busy = owner.block.remote(400)
    expect(await klaw.get(ref, { timeout: 60_000 })).toBe('published')
    expect(await klaw.wait([busy], { timeout: 0 })).toEqual([[], [busy]])
    await busy
  })
})
