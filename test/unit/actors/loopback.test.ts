import { expect, test } from 'vitest'
import { LoopbackTransport } from '../../../src/engine/local/loopback-transport.ts'

function listen(transport: LoopbackTransport) {
  const events: unknown[] = []
  transport.start({
    chunk: (bytes, attachments) => events.push(attachments === undefined ? [...bytes] : [[...bytes], attachments]),
    closed: () => events.push('closed'),
  })
  return events
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

test('chunks arrive in order, in a later turn', async () => {
  const [near, far] = LoopbackTransport.pair()
  near.post(Uint8Array.of(1))
  const events = listen(far)
  listen(near)
  near.post(Uint8Array.of(2))
  expect(events).toEqual([])
  await turn()
  expect(events).toEqual([[1], [2]])
})

test('what was posted before it was closed still arrives', async () => {
  const [near, far] = LoopbackTransport.pair()
  const [nearEvents, farEvents] = [listen(near), listen(far)]
  near.post(Uint8Array.of(1))
  near.close()
  near.close()
  near.post(Uint8Array.of(2))
  await turn()
  await turn()
  expect(farEvents).toEqual([[1], 'closed'])
  expect(nearEvents).toEqual([])
})

test('moved buffers are gone at the sender, shared ones are shared', async () => {
  const [near, far] = LoopbackTransport.pair()
  listen(near)
  const events = listen(far) as [number[], [ArrayBuffer, SharedArrayBuffer]][]
  const moved = new ArrayBuffer(4)
  const shared = new SharedArrayBuffer(4)
  near.post(Uint8Array.of(1), [moved, shared])
  expect(moved.byteLength).toBe(0)
  await turn()
  const [[, [arrived, sharedToo]]] = events as [[number[], [ArrayBuffer, SharedArrayBuffer]]]
  expect(arrived.byteLength).toBe(4)
  expect(sharedToo).toBe(shared)
})
