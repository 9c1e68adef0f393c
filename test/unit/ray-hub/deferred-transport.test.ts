import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { DeferredTransport } from '../../../src/engine/ray/hub/deferred-transport.ts'
import { RayError } from '../../../src/errors.ts'
import type { Transport, TransportListener } from '../../../src/wire/transport.ts'

class Recorder implements Transport {
  readonly carriesAttachments = false
  readonly log: string[] = []
  listener: TransportListener | undefined

  start(listener: TransportListener): void {
    this.log.push('start')
    this.listener = listener
  }

  post(chunk: Uint8Array): void {
    this.log.push(`post ${chunk[0]}`)
  }

  ref(): void {
    this.log.push('ref')
  }

  unref(): void {
    this.log.push('unref')
  }

  close(): void {
    this.log.push('close')
    this.listener?.closed(undefined)
  }
}

function rig() {
  const inner = new Recorder()
  let opened = 0
  let settle: { open: () => void; fail: (error: Error) => void } | undefined
  const transport = new DeferredTransport(() => {
    opened++
    return new Promise<Transport>((resolve, reject) => {
      settle = { open: () => resolve(inner), fail: reject }
    })
  }, 1000)
  const closed: unknown[] = []
  transport.start({ chunk: () => {}, closed: (reason) => closed.push(reason) })
  return { inner, transport, closed, opened: () => opened, settle: () => settle as NonNullable<typeof settle> }
}

const chunk = (byte: number) => Uint8Array.of(byte)

describe('a transport that is opened when it is needed', () => {
  test('opens at the first chunk, once, and sends what has waited, in order', async () => {
    const { inner, transport, opened, settle } = rig()
    expect(opened()).toBe(0)
    transport.ref()
    transport.post(chunk(1))
    transport.post(chunk(2))
    expect(opened()).toBe(1)
    settle().open()
    await nextTurn()
    transport.post(chunk(3))
    transport.unref()
    expect(inner.log).toEqual(['start', 'ref', 'post 1', 'post 2', 'post 3', 'unref'])
  })

  test('one that can not be opened is lost, with the reason', async () => {
    const { transport, closed, settle } = rig()
    transport.post(chunk(1))
    settle().fail(new RayError('nobody there'))
    await nextTurn()
    transport.post(chunk(2))
    expect(closed).toMatchObject([{ message: 'nobody there' }])
  })

  test('one that is closed before it is there is closed as soon as it is', async () => {
    const { inner, transport, closed, settle } = rig()
    transport.post(chunk(1))
    transport.close()
    transport.close()
    await nextTurn()
    expect(closed).toEqual([undefined])
    settle().open()
    await nextTurn()
    expect(inner.log).toEqual(['close'])
    expect(closed).toEqual([undefined])
  })

  test('one that was never needed is closed without having been opened', async () => {
    const { transport, closed, opened } = rig()
    transport.close()
    await nextTurn()
    expect(closed).toEqual([undefined])
    expect(opened()).toBe(0)
  })

  test('closing an open one is left to it', async () => {
    const { inner, transport, closed, settle } = rig()
    transport.post(chunk(1))
    settle().open()
    await nextTurn()
    transport.close()
    expect(inner.log).toEqual(['start', 'unref', 'post 1', 'close'])
    expect(closed).toEqual([undefined])
  })
})
