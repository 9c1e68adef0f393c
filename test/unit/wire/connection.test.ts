import { MessageChannel } from 'node:worker_threads'
import { describe, expect, test } from 'vitest'
import { Codec } from '../../../src/codec/codec.ts'
import { PortTransport } from '../../../src/engine/local/port-transport.ts'
import { Connection } from '../../../src/wire/connection.ts'
import type { Operation } from '../../../src/wire/operations.ts'
import { Reply } from '../../../src/wire/reply.ts'

function connected(operations: Record<string, Operation> = {}) {
  const { port1, port2 } = new MessageChannel()
  const served = new Map(Object.entries(operations))
  const asking = new Connection(new PortTransport(port1), new Codec(), new Map())
  const answering = new Connection(new PortTransport(port2), new Codec(), served)
  return { asking, answering, port: port1 }
}

describe('requests', () => {
  test('are answered with the value, the error, or attachments', async () => {
    const shared = new SharedArrayBuffer(8)
    const { asking } = connected({
      double: (n: number) => n * 2,
      later: async (n: number) => n + 1,
      fail: () => {
        throw new RangeError('no')
      },
      memory: () => new Reply('here', [shared]),
    })
    expect(await asking.request('double', 21)).toBe(42)
    expect(await asking.request('later', 1)).toBe(2)
    await expect(asking.request('fail')).rejects.toThrow(RangeError)
    const reply = await asking.requestReply('memory')
    expect(reply).toMatchObject({ value: 'here', attachments: [expect.any(SharedArrayBuffer)] })
    await expect(asking.request('nothing')).rejects.toThrow('unknown operation: nothing')
    asking.close()
  })

  test('that are cut into pieces are put together, and so are their answers', async () => {
    const { port1, port2 } = new MessageChannel()
    const cut = (port: typeof port1) => Object.assign(new PortTransport(port), { longestPiece: 100 })
    const asking = new Connection(cut(port1), new Codec(), new Map())
    const operations: Record<string, Operation> = {
      echo: (value: unknown) => value,
      later: async (value: unknown) => value,
    }
    new Connection(cut(port2), new Codec(), new Map(Object.entries(operations)))
    const large = Array.from({ length: 1_000 }, (_, index) => `item ${index}`)
    expect(
      await Promise.all([asking.request('echo', large), asking.request('later', 7), asking.request('later', large)]),
    ).toEqual([large, 7, large])
    asking.close()
  })

  test('an answer that can not be sent is refused under its own name', async () => {
    const { asking } = connected({ show: () => new Reply({ inner: [() => 0] }, [], 'result') })
    await expect(asking.request('show')).rejects.toMatchObject({ name: 'SerializationError', path: 'result.inner[0]' })
    asking.close()
  })

  test('an aborted one is told to the peer, and its answer is dropped', async () => {
    const aborted: unknown[] = []
    const { asking } = connected({
      wait: (_argument: undefined, { signal }) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            aborted.push(signal.reason)
            resolve('too late')
          })
        }),
    })
    const controller = new AbortController()
    const waiting = asking.request('wait', undefined, { signal: controller.signal })
    await asking.request('nothing').catch(() => undefined)
    controller.abort('enough')
    await expect(waiting).rejects.toBe('enough')
    await asking.request('nothing').catch(() => undefined)
    expect(aborted).toHaveLength(1)
    asking.close()
  })

  test('all fail when the connection is lost, and so do later ones', async () => {
    const { asking, answering } = connected({ never: () => new Promise(() => undefined) })
    const waiting = asking.request('never')
    const lost = new Promise((resolve) => asking.onLost(resolve))
    answering.close()
    await expect(waiting).rejects.toMatchObject({ code: 'RUNTIME_CLOSED' })
    expect(await lost).toMatchObject({ code: 'RUNTIME_CLOSED' })
    await expect(asking.request('never')).rejects.toMatchObject({ code: 'RUNTIME_CLOSED' })
  })

  test('a peer that sends garbage loses the connection, and learns why', async () => {
    const { asking, port } = connected({})
    const lost = new Promise<Error>((resolve) => asking.onLost(resolve))
    port.postMessage(new Uint8Array([1, 2, 3, 4, 5]))
    expect(await lost).toMatchObject({
      code: 'RUNTIME_CLOSED',
      cause: { message: 'the peer sent a frame that can not be read', cause: { name: 'RangeError' } },
    })
  })
})
