import { describe, expect, test } from 'vitest'
import { ObjectRef } from '../../../src/api/object-ref.ts'
import { ByteWriter } from '../../../src/codec/byte-writer.ts'
import { type EncodeContext, type EncodedHandle, handleSymbol } from '../../../src/codec/handles.ts'
import { type ObjectPort, objectPort } from '../../../src/engine/object-engine.ts'
import { ObjectFreedError, RayTaskError, TaskCancelledError } from '../../../src/errors.ts'
import { beginFrame, endFrame, FrameReader, FrameType } from '../../../src/wire/frame.ts'
import { readUint64 } from '../../../src/wire/gateway-frames.ts'
import { rejection } from '../../support/rejection.ts'
import { type FakeAgent, settle, until } from '../ray-engine/fake-agent.ts'
import { FakeHome } from './fake-child.ts'
import { CallsRig } from './rig.ts'

class Worker {
  readonly seen: unknown[] = []
  readonly waiting: ((value: unknown) => void)[] = []

  echo(value: unknown): unknown {
    this.seen.push(value)
    return value
  }

  fail(): never {
    throw new RangeError('no')
  }

  later(): Promise<unknown> {
    return new Promise((done) => this.waiting.push(done))
  }

  handle(): unknown {
    return { inside: new Exported() }
  }
}

/** A handle of the actor's process, and what that writes for it. */
class Exported {
  [handleSymbol](context: EncodeContext): EncodedHandle {
    context.handles?.push({ origin: 9, number: 4 })
    return { kind: 1, body: [9, 4, 'bb'] }
  }
}

/** Events that the client has sent to its agent. */
function events(agent: FakeAgent, name: string): unknown[] {
  const heard: unknown[] = []
  agent.operations.set(name, (argument: unknown) => {
    heard.push(argument)
  })
  return heard
}

/** What was put under a number. */
function stored(agent: FakeAgent, number: number): unknown {
  const [seen] = agent.of('put').filter(({ stream }) => stream === number)
  if (seen === undefined) return undefined
  const out = new ByteWriter()
  const start = beginFrame(out, FrameType.put, 0, number)
  out.writeBytes(seen.body)
  endFrame(out, start)
  const frame = new FrameReader()
  frame.open(out.take(), undefined)
  frame.next()
  readUint64(frame)
  return agent.codec.decode(frame.bytes, frame.position, frame.end)
}

async function start(target: Worker, home?: FakeHome) {
  const rig = await CallsRig.start()
  const child = await rig.child(target, home, 10)
  rig.where = () => child
  return { rig, handle: await rig.handle(target) }
}

describe('results of calls', () => {
  test('are arguments of other calls, as bytes, also before they are there', async () => {
    const worker = new Worker()
    const { rig, handle } = await start(worker)
    await using _ = rig
    const pending = handle.later.remote()
    const passed = handle.echo.remote(pending)
    const behind = handle.echo.remote('behind')
    await until(() => worker.waiting.length === 1)
    expect(worker.seen).toEqual([])
    worker.waiting[0]!({ n: 1 })
    expect(await passed).toEqual({ n: 1 })
    expect(await behind).toBe('behind')
    expect(worker.seen).toEqual([{ n: 1 }, 'behind'])
    expect(await handle.echo.remote(passed)).toEqual({ n: 1 })
    const error = await rejection(handle.echo.remote(handle.fail.remote()))
    expect(error).toBeInstanceOf(RayTaskError)
    expect(rig.hub.said).toEqual([])
  })

  test('become objects of Ray when their refs leave, before they have a value or after', async () => {
    const worker = new Worker()
    const { rig, handle } = await start(worker)
    await using _ = rig
    const promised = events(rig.agent, 'object.promise')
    const refused = events(rig.agent, 'object.refuse')
    const early = handle.later.remote()
    rig.engine.objects.put({ ref: early })
    const late = handle.echo.remote('late')
    await late
    rig.engine.objects.put({ ref: late })
    const failing = handle.fail.remote()
    rig.engine.objects.put([failing, failing])
    await rejection(failing)
    await until(() => refused.length === 1)
    const [[first], [second], [third]] = promised as [[number], [number], [number]]
    expect(promised).toHaveLength(3)
    expect(stored(rig.agent, second)).toBe('late')
    expect(stored(rig.agent, first)).toBeUndefined()
    expect(refused).toEqual([{ number: third, error: expect.any(RayTaskError) }])
    await until(() => worker.waiting.length === 1)
    worker.waiting[0]!('early')
    expect(await early).toBe('early')
    await until(() => stored(rig.agent, first) === 'early')
  })

  test('that become objects while a call through Ray is written are promised before it', async () => {
    const worker = new Worker()
    const { rig, handle } = await start(worker)
    await using _ = rig
    const order: string[] = []
    rig.agent.operations.set('object.promise', ([number]: number[]) => {
      order.push(`promise ${number}`, `invokes ${rig.agent.of('invoke').length}`)
    })
    rig.agent.operations.set('actor.find', () => ({
      number: 2 ** 31 + 99,
      id: 'cc',
      description: { module: 'm', name: 'P', methods: { f: 'value' }, asynchronous: false },
    }))
    const python = await rig.engine.actors.find('p', undefined)
    const result = handle.echo.remote(1)
    await result
    python.call('f', [{ result }], undefined)
    await until(() => rig.agent.of('invoke').length === 1)
    expect(order).toEqual([expect.stringMatching(/^promise \d+$/), 'invokes 0'])
    const { body } = rig.agent.of('invoke')[0]!
    expect(new DataView(body.buffer, body.byteOffset).getUint32(0, true)).toBe(2 ** 31 + 99)
  })

  test('that come back are the same', async () => {
    const { rig, handle } = await start(new Worker())
    await using _ = rig
    const promised = events(rig.agent, 'object.promise') as number[][]
    const result = handle.echo.remote('here')
    rig.engine.objects.put([result])
    await until(() => promised.length === 1)
    rig.agent.operations.set('cluster.total', () => [rig.agent.handle(1, [promised[0]![0], 'ff'])])
    const [back] = (await rig.engine.cluster.total()) as unknown as [ObjectRef<unknown>]
    expect(back).toBeInstanceOf(ObjectRef)
    expect(await back).toBe('here')
    expect(back.equals(result as ObjectRef<unknown>)).toBe(true)
    expect(rig.agent.of('get')).toEqual([])
  })

  test('can be freed, and cancelled', async () => {
    const worker = new Worker()
    const { rig, handle } = await start(worker)
    await using _ = rig
    const result = handle.echo.remote(1) as ObjectRef<unknown>
    await result
    await rig.engine.objects.free([result[objectPort]])
    expect(await rejection(result)).toBeInstanceOf(ObjectFreedError)
    const running = handle.later.remote() as ObjectRef<unknown>
    const lost = rejection(running)
    await until(() => worker.waiting.length === 1)
    await rig.engine.actors.cancel(running[objectPort], false)
    await expect(rig.engine.actors.cancel(running[objectPort], true)).rejects.toThrow(TypeError)
    // It does not heed its signal: the result is what it answers.
    worker.waiting[0]!('done')
    expect(await lost.catch(() => undefined)).toBeUndefined()
    const queued = Array.from({ length: 10 }, () => handle.later.remote() as ObjectRef<unknown>)
    const last = handle.echo.remote(1) as ObjectRef<unknown>
    const refusal = rejection(last)
    await until(() => worker.waiting.length === 11)
    await rig.engine.actors.cancel(last[objectPort], false)
    expect(await refusal).toBeInstanceOf(TaskCancelledError)
    for (const done of worker.waiting) done(0)
    await Promise.all(queued)
  })

  test('give back the handles in them when nobody holds them', async () => {
    const { rig, handle } = await start(new Worker())
    await using _ = rig
    rig.agent.operations.set('hub.borrow', () => ({ kind: 1, id: 'bb' }))
    const result = handle.handle.remote() as ObjectRef<{ inside: unknown }>
    const { inside } = await result
    expect(inside).toBeInstanceOf(ObjectRef)
    expect(rig.hub.of('lease.release')).toEqual([])
    result[Symbol.dispose]()
    await until(() => rig.hub.of('lease.release').length === 1)
    expect(rig.hub.of('lease.release')).toEqual([[{ origin: 9, number: 4 }]])
  })
})

describe('refs of Ray as arguments', () => {
  test('are resolved by the actor, before its turn and in order', async () => {
    const worker = new Worker()
    const objects: FakeRef[] = []
    const home = new FakeHome((_, body) => {
      const ref = new FakeRef((body as unknown[])[2] as string)
      objects.push(ref)
      return ref
    })
    const { rig, handle } = await start(worker, home)
    await using _ = rig
    const ref = new ObjectRef(rig.engine.objects.put('in Ray'))
    const first = handle.echo.remote(ref)
    const second = handle.echo.remote('second')
    await until(() => objects.length === 1)
    await settle()
    expect(worker.seen).toEqual([])
    objects[0]!.settle({ value: 42 })
    expect(await first).toEqual(42)
    expect(await second).toBe('second')
    expect(worker.seen).toEqual([42, 'second'])
    expect(objects[0]!.disposed).toBe(true)
    // The caller lets go of the handle when it has the answer.
    expect(rig.hub.of('lease.export')).toHaveLength(1)
    await until(() => rig.hub.of('lease.release').length === 1)
  })

  test('fail the call with what they fail with', async () => {
    const worker = new Worker()
    const home = new FakeHome(() => new FakeRef('x', { error: new ObjectFreedError('gone', { objectId: 'x' }) }))
    const { rig, handle } = await start(worker, home)
    await using _ = rig
    const ref = new ObjectRef(rig.engine.objects.put('in Ray'))
    const error = await rejection(handle.echo.remote(ref))
    expect(error).toBeInstanceOf(ObjectFreedError)
    expect(await handle.echo.remote('next')).toBe('next')
    expect(worker.seen).toEqual(['next'])
  })
})

type Outcome = { readonly value: unknown } | { readonly error: Error }

/** A ref in the actor's process. */
class FakeRef {
  disposed = false
  #outcome: Outcome | undefined
  #waiter: { settled(object: ObjectPort): void } | undefined
  readonly id: string

  constructor(id: string, outcome?: Outcome) {
    this.id = id
    this.#outcome = outcome
  }

  get [objectPort](): ObjectPort {
    const port = {
      fetched: this.#outcome !== undefined,
      value: () => {
        const outcome = this.#outcome as Outcome
        if ('error' in outcome) throw outcome.error
        return outcome.value
      },
      park: (waiter: { settled(object: ObjectPort): void }) => {
        this.#waiter = waiter
      },
    }
    return port as unknown as ObjectPort
  }

  settle(outcome: Outcome): void {
    this.#outcome = outcome
    this.#waiter?.settled(this[objectPort])
  }

  [Symbol.dispose](): void {
    this.disposed = true
  }
}
