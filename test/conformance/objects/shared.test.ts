import { type ObjectRef, type Runtime, shared, transfer } from '@klaw/core'
import { afterAll, beforeAll, expect } from 'vitest'
import { conformance } from '../engine.ts'

conformance('shared and moved memory', { onlyEmbedded: 'it is about the memory of one process' }, (engine, it) => {
  const { Holder } = engine.fixtures
  let klaw: Runtime
  let other: ReturnType<typeof start>
  const start = () => klaw.actor(Holder, { numCpus: 0 }).remote()
  beforeAll(async () => {
    klaw = await engine.connect()
    other = start()
  })
  afterAll(() => klaw.shutdown())

  it('a shared array is the same memory on both sides, as an argument', async () => {
    const array = shared(new Float64Array([1, 2, 3]))
    await other.keepArray.remote(array, 0, 10)
    expect(array[0]).toBe(10)
    array[2] = 30
    expect(await other.arrayAt.remote(2)).toBe(30)
  })

  it('a shared array is the same memory through put and get, here and there', async () => {
    const array = shared(new Int32Array(1000))
    const ref = klaw.put({ array, plain: new Int32Array(1000) })
    const here = await ref
    const there = (await other.echo.remote(ref)) as typeof here
    const [back] = (await other.echo.remote([ref])) as [typeof ref]
    array[7] = 77
    here.plain[7] = 77
    expect([here.array[7], there.array[7], (await back).array[7]]).toEqual([77, 77, 77])
    expect((await ref).plain[7]).toBe(0)
    expect(here.array.buffer).toBeInstanceOf(SharedArrayBuffer)
    Atomics.add(there.array, 7, 1)
    expect(array[7]).toBe(78)
  })

  it('views of one shared buffer stay views of one buffer', async () => {
    const buffer = new SharedArrayBuffer(16)
    const both = [new Uint8Array(buffer, 4, 4), new Float64Array(buffer, 8, 1)] as const
    const [bytes, float] = (await other.echo.remote(both)) as [Uint8Array, Float64Array]
    expect(bytes.buffer).toBe(float.buffer)
    expect([bytes.byteOffset, bytes.length, float.byteOffset]).toEqual([4, 4, 8])
    both[1][0] = 1.5
    expect(float[0]).toBe(1.5)
  })

  it('shared arrays take no room in the store', async () => {
    const { used } = await klaw.objectStoreStats()
    const ref = klaw.put(shared(new Uint8Array(1_000_000)))
    expect((await klaw.objectStoreStats()).used - used).toBeLessThan(200)
    ref[Symbol.dispose]()
  })

  it('transfer() detaches what was put, and every get is a copy', async () => {
    const array = new Float64Array([1, 2, 3])
    const value = { array, text: 'beside' }
    const ref = klaw.put(transfer(value, [array.buffer]))
    expect(array.length).toBe(0)
    const first = await ref
    expect(first).toEqual({ array: new Float64Array([1, 2, 3]), text: 'beside' })
    first.array[0] = 99
    expect((await ref).array[0]).toBe(1)
    const there = (await other.readIn.remote({ ref })) as typeof value
    expect(there.array).toEqual(new Float64Array([1, 2, 3]))
    expect((await ref).array[0]).toBe(1)
    expect(await other.length.remote(klaw.put(transfer(new Uint8Array(5), [])))).toBe(5)
  })

  it('transfer() detaches arguments when the call is made', async () => {
    const bytes = new Uint8Array(1_000_000)
    const length = other.length.remote(transfer(bytes, [bytes.buffer]))
    expect(bytes.length).toBe(0)
    expect(await length).toBe(1_000_000)
  })

  it('transfer() moves results and messages', async () => {
    const moved = await other.movedBytes.remote(1000)
    expect(moved.array).toEqual(new Uint8Array(1000).fill(3))
    expect(moved.left).toBe(1000)
    expect(await other.lastMoved.remote()).toBe(0)
    const [tx, rx] = await klaw.channel<{ bytes: Uint8Array }>({ capacity: 4 })
    const bytes = new Uint8Array(1000).fill(9)
    await tx.send(transfer({ bytes }, [bytes.buffer]))
    expect(bytes.length).toBe(0)
    expect((await rx.recv()).bytes).toEqual(new Uint8Array(1000).fill(9))
    await tx.close()
    await rx.close()
  })

  it('what is transferred as an argument that is a ref can be used again', async () => {
    const bytes = new Uint8Array([1, 2, 3])
    const ref = klaw.put(transfer(bytes, [bytes.buffer])) as ObjectRef<Uint8Array>
    expect(await other.length.remote(ref)).toBe(3)
    expect(await other.length.remote(ref)).toBe(3)
    expect(await ref).toEqual(new Uint8Array([1, 2, 3]))
  })

  it('transfer() has an effect once', async () => {
    const bytes = new Uint8Array([1])
    const value = { bytes, count: 1 }
    klaw.put(transfer(value, [bytes.buffer]))
    value.bytes = new Uint8Array([2])
    const ref = klaw.put(value)
    expect(value.bytes.length).toBe(1)
    expect((await ref).bytes).toEqual(new Uint8Array([2]))
  })

  it('wrong arguments are refused', async () => {
    const detached = new ArrayBuffer(8)
    structuredClone(detached, { transfer: [detached] })
    expect(() => transfer(1 as never, [])).toThrow(TypeError)
    expect(() => transfer({}, new ArrayBuffer(1) as never)).toThrow("'buffers' must be an array")
    expect(() => transfer({}, [new SharedArrayBuffer(1) as never])).toThrow("'buffers[0]' must be an ArrayBuffer")
    expect(() => transfer({}, [detached])).toThrow(new RangeError("'buffers[0]' is detached already"))
    expect(() => transfer({}, [new ArrayBuffer(0)])).not.toThrow()
    expect(() => shared([1] as never)).toThrow(TypeError)
    expect(() => shared(new DataView(new ArrayBuffer(1)) as never)).toThrow(TypeError)
  })

  it('shared() copies, and keeps the kind of array', async () => {
    const source = new Uint16Array([1, 2, 3]).subarray(1)
    const copy = shared(source)
    expect(copy).toBeInstanceOf(Uint16Array)
    expect([...copy]).toEqual([2, 3])
    expect(copy.buffer).toBeInstanceOf(SharedArrayBuffer)
    source[0] = 9
    expect(copy[0]).toBe(2)
  })
})
