import { describe, expect, test } from 'vitest'
import { ObjectRef } from '../../../src/api/object-ref.ts'
import { freeObjects, getObjects, putObject, waitForObjects } from '../../../src/api/objects.ts'
import { RayError } from '../../../src/errors.ts'
import { FrameFlag } from '../../../src/wire/frame.ts'
import { collectUntil } from '../../support/collect-garbage.ts'
import { rejection } from '../../support/rejection.ts'
import { numberOf, settle, startRig, until } from './fake-agent.ts'

const objectRef = 1

describe('put', () => {
  test('a small value goes in one frame, and is fetched only when somebody asks', async () => {
    const { agent, engine } = await startRig()
    const ref = putObject(engine.objects, { a: 1 })
    await settle()
    const [put] = agent.of('put')
    expect(put).toMatchObject({ flags: 0, stream: numberOf(ref) })
    expect(agent.codec.decode(put?.body.subarray(8) as Uint8Array)).toEqual({ a: 1 })
    expect(agent.of('get')).toEqual([])
    agent.stored(numberOf(ref))
    const value = getObjects(engine.objects, ref)
    await until(() => agent.of('get').length === 1)
    agent.value(numberOf(ref), { a: 1 })
    expect(await value).toEqual({ a: 1 })
    // What is small is kept: each time a fresh copy.
    expect(await ref).toEqual({ a: 1 })
    expect(await ref).not.toBe(await ref)
    expect(agent.of('get')).toHaveLength(1)
  })

  test('the memory of a large value is used again only once the agent has it', async () => {
    const { agent, engine, transport } = await startRig()
    const posted: ArrayBuffer[] = []
    const post = transport.post.bind(transport)
    transport.post = (chunk) => {
      if (chunk.buffer.byteLength > 3_000_000) posted.push(chunk.buffer)
      post(chunk)
    }
    const put = async (fill: number) => {
      posted.length = 0
      const ref = putObject(engine.objects, new Uint8Array(3_000_000).fill(fill))
      await until(() => agent.of('put').at(-1)?.stream === numberOf(ref) && agent.of('put').at(-1)?.flags === 0)
      const [buffer] = posted
      expect(posted.every((each) => each === buffer)).toBe(true)
      return { ref, buffer }
    }
    const first = await put(1)
    const second = await put(2)
    expect(second.buffer).not.toBe(first.buffer)
    agent.stored(numberOf(first.ref))
    await settle()
    const third = await put(3)
    expect(third.buffer).toBe(first.buffer)
    const parts = agent.of('put').filter(({ stream }) => stream === numberOf(third.ref))
    const bytes = Buffer.concat(parts.map(({ body }, index) => (index === 0 ? body.subarray(8) : body)))
    // `toEqual` takes many seconds for so many elements.
    expect(Buffer.compare(agent.codec.decode(bytes) as Uint8Array, new Uint8Array(3_000_000).fill(3))).toBe(0)
  })

  test('a large value goes in parts of a MiB, as there is room, with what is small in between', async () => {
    const { agent, engine, transport } = await startRig()
    const told: number[] = []
    const large = new Uint8Array(5 * 1024 * 1024 + 7).map((_, index) => index % 251)
    transport.writable = false
    const ref = putObject(engine.objects, large, { onProgress: (bytes) => told.push(bytes) })
    await settle()
    // A part, and the few bytes whose place its header takes.
    expect(agent.of('put')).toHaveLength(2)
    const small = putObject(engine.objects, 1)
    await settle()
    expect(agent.of('put').at(-1)?.stream).toBe(numberOf(small))
    transport.makeRoom()
    const parts = () => agent.of('put').filter(({ stream }) => stream === numberOf(ref))
    await until(() => parts().at(-1)?.flags === 0)
    expect(
      new Set(
        parts()
          .slice(0, -1)
          .map(({ flags }) => flags),
      ),
    ).toEqual(new Set([16]))
    for (const { body } of parts()) expect(body.byteLength).toBeLessThanOrEqual(1024 * 1024)
    const [first, ...others] = parts().map(({ body }) => body)
    const bytes = Buffer.concat([first?.subarray(8) as Uint8Array, ...others])
    expect(first?.subarray(0, 8)).toEqual(new Uint8Array(new BigUint64Array([BigInt(bytes.byteLength)]).buffer))
    expect(Buffer.compare(agent.codec.decode(bytes) as Uint8Array, large)).toBe(0)
    expect(told.at(-1)).toBe(bytes.byteLength)
    expect(told).toEqual([...told].sort((a, b) => a - b))
  })

  test('what the store has no room for is what the ref fails with', async () => {
    const { agent, engine } = await startRig()
    const ref = putObject(engine.objects, 1)
    await settle()
    agent.frame(0x51, FrameFlag.error, numberOf(ref), (out) => agent.codec.encodeInto(out, new RayError('no room')))
    await expect(waitForObjects(engine.objects, [ref])).resolves.toEqual([[ref], []])
    await expect(getObjects(engine.objects, ref)).rejects.toThrow('no room')
    expect(agent.of('get')).toEqual([])
  })

  test('a ref inside a large value is held until all of it has been sent', async () => {
    const { agent, engine, transport } = await startRig()
    const inner = putObject(engine.objects, 1)
    agent.stored(numberOf(inner))
    await settle()
    transport.writable = false
    putObject(engine.objects, { inner, fill: new Uint8Array(3 * 1024 * 1024) })
    inner[Symbol.dispose]()
    await settle()
    expect(agent.released().has(numberOf(inner))).toBe(false)
    transport.makeRoom()
    await until(() => agent.released().get(numberOf(inner)) === 1)
    const types = agent.seen.map(({ type }) => type)
    expect(types.lastIndexOf('release')).toBeGreaterThan(types.lastIndexOf('put'))
  })
})

test.each([0, 1, 11, 12, 13, 1024 * 1024 - 13, 1024 * 1024 - 12, 1024 * 1024 - 11, 1024 * 1024])(
  'a value of 2 MiB and %i bytes arrives as it was',
  async (extra) => {
    const { agent, engine } = await startRig()
    const bytes = new Uint8Array(2 * 1024 * 1024 + extra).map((_, index) => (index * 7) % 253)
    engine.objects.putBytes(bytes.slice(), [])
    await until(() => agent.of('put').at(-1)?.flags === 0)
    const [first, ...others] = agent.of('put').map(({ body }) => body)
    const arrived = Buffer.concat([first?.subarray(8) as Uint8Array, ...others])
    expect(Buffer.compare(arrived, bytes)).toBe(0)
  },
)

describe('get', () => {
  test('a large value is assembled in one buffer, which its arrays are views of, and fetched again for the next get', async () => {
    const { agent, engine } = await startRig()
    const ref = new ObjectRef<Float64Array>(engine.objects.create())
    const told: [number, number][] = []
    const large = new Float64Array(400_000).map((_, index) => index)
    for (let round = 1; round <= 2; round++) {
      const got = getObjects(engine.objects, ref, { onProgress: (bytes, total) => told.push([bytes, total]) })
      await until(() => agent.of('get').length === round)
      agent.value(numberOf(ref), large, { part: 1024 * 1024 })
      const value = (await got) as Float64Array
      expect(value.length).toBe(large.length)
      expect(value[399_999]).toBe(399_999)
      expect(value.buffer.byteLength).toBeGreaterThan(value.byteLength)
    }
    const total = told.at(-1)?.[1]
    expect(told.at(-1)).toEqual([total, total])
    expect(told.length).toBe(8)
  })

  test('two who wait for a large value get copies of their own', async () => {
    const { agent, engine } = await startRig()
    const ref = new ObjectRef<Float64Array>(engine.objects.create())
    const both = Promise.all([getObjects(engine.objects, [ref, ref]), ref])
    await until(() => agent.of('get').length === 1)
    agent.value(numberOf(ref), new Float64Array(200_000).fill(1), { part: 700_000 })
    const [[one, two], three] = (await both) as [[Float64Array, Float64Array], Float64Array]
    one.fill(2)
    two.fill(3)
    expect([one[7], two[7], three[7]]).toEqual([2, 3, 1])
  })

  test('giving up tells the agent, and a value that comes all the same is let go with what it holds', async () => {
    const { agent, engine, transport } = await startRig()
    const ref = new ObjectRef(engine.objects.create())
    const controller = new AbortController()
    const got = getObjects(engine.objects, ref, { signal: controller.signal })
    await until(() => agent.of('get').length === 1)
    expect(transport.held).toBe(true)
    controller.abort(new Error('enough'))
    await expect(got).rejects.toThrow('enough')
    await until(() => agent.of('get').length === 2)
    expect(agent.of('get')[1]?.flags).toBe(FrameFlag.error)
    agent.value(numberOf(ref), 5)
    await settle()
    const again = getObjects(engine.objects, ref)
    await until(() => agent.of('get').length === 3)
    agent.value(numberOf(ref), 6)
    expect(await again).toBe(6)
  })

  test('a timeout of 0 looks, and then takes what is there', async () => {
    const { agent, engine } = await startRig()
    const ref = new ObjectRef(engine.objects.create())
    const first = rejection(getObjects(engine.objects, ref, { timeout: 0 }))
    await until(() => agent.of('watch').length === 1)
    expect(agent.of('watch')[0]?.flags).toBe(FrameFlag.attempt)
    agent.settled(numberOf(ref), 0)
    expect(await first).toMatchObject({ code: 'GET_TIMEOUT' })
    const second = getObjects(engine.objects, ref, { timeout: 0 })
    await until(() => agent.of('watch').length === 2)
    agent.settled(numberOf(ref), 1)
    await until(() => agent.of('get').length === 1)
    agent.value(numberOf(ref), 'here')
    expect(await second).toBe('here')
  })

  test('a value longer or shorter than announced ends the connection', async () => {
    const { agent, engine } = await startRig()
    const ref = new ObjectRef(engine.objects.create())
    const got = rejection(getObjects(engine.objects, ref))
    await until(() => agent.of('get').length === 1)
    agent.frame(0x53, 0, numberOf(ref), (out) => {
      out.writeUint32(9)
      out.writeUint32(0)
      out.writeUint8(1)
    })
    expect(await got).toMatchObject({ code: 'RAY', cause: { message: 'the peer sent a frame that can not be read' } })
  })

  test('a value that is larger than anything the codec reads fails, and nothing is allocated for it', async () => {
    const { agent, engine } = await startRig()
    const ref = new ObjectRef(engine.objects.create())
    const got = rejection(getObjects(engine.objects, ref))
    await until(() => agent.of('get').length === 1)
    agent.frame(0x53, FrameFlag.more, numberOf(ref), (out) => {
      out.writeUint32(0)
      out.writeUint32(1)
      out.writeUint8(1)
    })
    await settle()
    expect(engine.lost).toBeUndefined()
    agent.lose(new RayError('gone'))
    expect(await got).toMatchObject({ code: 'RAY', cause: { message: 'gone' } })
  })
})

describe('wait', () => {
  test('asks for the settling and not for the values', async () => {
    const { agent, engine } = await startRig()
    const refs = [1, 2, 3].map(() => new ObjectRef(engine.objects.create()))
    const waited = waitForObjects(engine.objects, refs, { numReturns: 2 })
    await until(() => agent.of('watch').length === 3)
    agent.settled(numberOf(refs[2]), 1)
    agent.settled(numberOf(refs[0]), 2)
    const [ready, pending] = await waited
    expect(ready).toEqual([refs[0], refs[2]])
    expect(pending).toEqual([refs[1]])
    expect(agent.of('get')).toEqual([])
    // Nobody waits for the third any more.
    await until(() => agent.of('watch').length === 4)
    expect(agent.of('watch')[3]).toMatchObject({ flags: FrameFlag.error, stream: numberOf(refs[1]) })
  })
})

describe('counts', () => {
  test('a ref that was disposed of gives its number back, once, behind what was sent before', async () => {
    const { agent, engine } = await startRig()
    const ref = putObject(engine.objects, 1)
    agent.stored(numberOf(ref))
    await settle()
    ref[Symbol.dispose]()
    ref[Symbol.dispose]()
    await until(() => agent.released().size === 1)
    await settle()
    expect(agent.released()).toEqual(new Map([[numberOf(ref), 1]]))
  })

  test('a ref that is collected gives its number back', async () => {
    const { agent, engine } = await startRig()
    const forget = () => numberOf(putObject(engine.objects, [1]))
    const number = forget()
    await until(() => agent.of('put').length === 1)
    agent.stored(number)
    await collectUntil(() => agent.released().get(number) === 1)
  })

  test('each time that a number arrives it counts, and all of it is given back together', async () => {
    const { agent, engine } = await startRig()
    const ref = new ObjectRef<unknown[]>(engine.objects.create())
    const other = new ObjectRef<unknown[]>(engine.objects.create())
    const both = Promise.all([ref, other])
    await until(() => agent.of('get').length === 2)
    const number = 2 ** 31 + 5
    agent.value(numberOf(ref), [agent.handle(objectRef, [number, 'ab'])])
    agent.value(numberOf(other), [agent.handle(objectRef, [number, 'ab']), agent.handle(objectRef, [number, 'ab'])])
    const [[first], [second, third]] = (await both) as [[ObjectRef<unknown>], ObjectRef<unknown>[]]
    expect(first.equals(second as ObjectRef<unknown>)).toBe(true)
    // Reading the kept bytes again is no new handle for the agent.
    const [again] = (await ref) as [ObjectRef<unknown>]
    for (const handle of [first, second, third, again]) handle?.[Symbol.dispose]()
    await settle()
    expect(agent.released().has(number)).toBe(false)
    ref[Symbol.dispose]()
    other[Symbol.dispose]()
    await until(() => agent.released().get(number) === 3)
  })

  test('a number that comes back is the object that the client has', async () => {
    const { agent, engine } = await startRig()
    const mine = putObject(engine.objects, 1)
    const number = numberOf(mine)
    putObject(engine.objects, [mine])
    const ref = new ObjectRef<unknown[]>(engine.objects.create())
    const got = getObjects(engine.objects, ref)
    await until(() => agent.of('get').length === 1)
    agent.value(numberOf(ref), [agent.handle(objectRef, [number, 'ab'])])
    const [back] = (await got) as [ObjectRef<number>]
    expect(back.equals(mine)).toBe(true)
    expect(back.id).toBe(mine.id)
    agent.stored(number)
    await settle()
    for (const handle of [mine, back, ref]) handle[Symbol.dispose]()
    await until(() => agent.released().get(number) === 2)
  })

  test('free ends the values here as well', async () => {
    const { engine } = await startRig()
    const ref = putObject(engine.objects, 1)
    await freeObjects(engine.objects, ref)
    await expect(getObjects(engine.objects, ref)).rejects.toMatchObject({ code: 'OBJECT_FREED' })
  })
})

describe('the end', () => {
  test('everything that waits settles when the connection is lost for good, and the session is ended', async () => {
    const { agent, engine, ended, transport } = await startRig()
    agent.operations.set('cluster.nodes', () => new Promise(() => {}))
    const ref = new ObjectRef(engine.objects.create())
    const large = putObject(engine.objects, new Uint8Array(8 * 1024 * 1024))
    transport.writable = false
    const waits = [
      rejection(getObjects(engine.objects, ref)),
      rejection(waitForObjects(engine.objects, [ref])),
      rejection(Promise.resolve(large)),
      rejection(engine.cluster.nodes()),
    ]
    await settle()
    agent.lose(new RayError('the agent is gone'))
    const message = 'the session is lost: the agent is gone; what was under way may or may not have been executed'
    for (const error of await Promise.all(waits)) expect(error).toMatchObject({ message, code: 'RAY' })
    await expect(getObjects(engine.objects, ref)).rejects.toThrow('the agent is gone')
    expect(() => putObject(engine.objects, 1)).toThrow('the agent is gone')
    expect(ended()).toBe(1)
    await engine.shutdown()
    expect(ended()).toBe(1)
  })

  test('nothing keeps the process once nobody waits', async () => {
    const { agent, engine, transport } = await startRig()
    expect(transport.held).toBe(false)
    const ref = putObject(engine.objects, 1)
    const value = getObjects(engine.objects, ref)
    await until(() => agent.of('get').length === 1)
    expect(transport.held).toBe(true)
    agent.value(numberOf(ref), 1)
    await value
    expect(transport.held).toBe(false)
  })
})
