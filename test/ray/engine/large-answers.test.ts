import { connect, type Runtime } from '@klaw/core'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'

let klaw: Runtime
beforeAll(async () => {
  klaw = await connect(inject('rayAddress'))
})
afterAll(() => klaw.shutdown())

test('a queue carries items of many megabytes', async () => {
  using queue = klaw.queue<Float64Array>()
  const item = Float64Array.from({ length: 3_000_001 }, (_, index) => index / 2)
  await queue.put(item)
  const got = await queue.get()
  expect(got.length).toBe(item.length)
  expect(Buffer.compare(new Uint8Array(got.buffer, got.byteOffset, got.byteLength), new Uint8Array(item.buffer))).toBe(
    0,
  )
})

test('many large items come together', async () => {
  using queue = klaw.queue<Uint8Array>()
  const items = Array.from({ length: 5 }, (_, index) => new Uint8Array(1_500_000).fill(index))
  await queue.putNowaitBatch(items)
  const got = await queue.getNowaitBatch(5)
  expect(got.map((bytes, index) => Buffer.compare(bytes, items[index] as Uint8Array))).toEqual([0, 0, 0, 0, 0])
})
