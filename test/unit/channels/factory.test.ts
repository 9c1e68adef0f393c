import { afterEach, describe, expect, it } from 'vitest'
import { registerRuntime } from '../../../src/api/runtime-registry.ts'
import { channel, type Receiver, type Sender } from '../../../src/channel.ts'

const unregister: (() => void)[] = []
afterEach(() => {
  for (const each of unregister.splice(0)) each()
})

/** Stands for a runtime: it notes what it is asked for. */
function runtime() {
  const asked: object[] = []
  const ends = [{}, {}] as unknown as [Sender<never>, Receiver<unknown>]
  return {
    asked,
    ends,
    async channel(options: object) {
      asked.push(options)
      return ends
    },
  }
}

function open(each: ReturnType<typeof runtime>) {
  unregister.push(registerRuntime(each))
  return each
}

describe('channel', () => {
  it('gives both ends at once, and they can be awaited too', async () => {
    const [tx, rx] = channel<number>()
    expect(tx.trySend(1).ok).toBe(true)
    expect(rx.tryRecv()).toEqual({ ok: true, value: 1 })
    const [awaited] = await channel<number>({ capacity: 5 })
    expect(awaited.capacity).toBe(5)
  })

  it('in process, what does not wait answers at once', () => {
    const [tx, rx] = channel<number>({ capacity: 3, distributed: false })
    const other = tx.clone()
    expect(other.trySendBatch([1, 2]).ok).toBe(true)
    expect(tx.stats()).toMatchObject({ length: 2, senders: 2 })
    other.close()
    expect(rx.clone().stats()).toMatchObject({ senders: 1, receivers: 2 })
  })

  it('passes values by reference', async () => {
    const [tx, rx] = channel<object>()
    const value = { nested: [1] }
    await tx.send(value)
    expect(await rx.recv()).toBe(value)
  })

  it.each(['name', 'namespace', 'lifetime', 'ttl'])('%s needs a runtime', (key) => {
    expect(() => channel({ [key]: 'jobs' })).toThrow(TypeError)
    expect(() => channel({ [key]: 'jobs' })).toThrow(`'${key}' needs a runtime`)
  })

  it('with a runtime it is the channel of that runtime', async () => {
    const klaw = runtime()
    expect(await channel({ distributed: klaw, capacity: 5, name: 'jobs' })).toBe(klaw.ends)
    expect(klaw.asked).toEqual([{ capacity: 5, name: 'jobs' }])
  })

  it('distributed: true is the only runtime that is open', async () => {
    await expect(channel({ distributed: true })).rejects.toThrow('needs an open runtime')
    const klaw = open(runtime())
    expect(await channel({ distributed: true, ack: 'manual' })).toBe(klaw.ends)
    expect(klaw.asked).toEqual([{ ack: 'manual' }])
    open(runtime())
    await expect(channel({ distributed: true })).rejects.toThrow('2 runtimes are open: pass one')
    unregister.pop()?.()
    expect(await channel({ distributed: true })).toBe(klaw.ends)
  })

  it('refuses what is no runtime', async () => {
    for (const distributed of ['ray', {}, null, 5]) {
      const opening = channel({ distributed } as never) as unknown as Promise<unknown>
      await expect(opening).rejects.toThrow("'distributed' must be a runtime or true")
    }
  })

  it('does not know other options', () => {
    expect(() => channel({ maxsize: 5 } as never)).toThrow(
      "unknown key 'maxsize' in channel options; known are capacity,",
    )
    expect(() => channel([] as never)).toThrow('channel options must be an object, got an array of 0')
  })
})
