import { expect, test } from 'vitest'
import { SharedMemory } from '../../../src/engine/local/shared-memory.ts'

const megabyte = 1024 * 1024

test('shared memory that is dropped is given back, though V8 does not count it', async () => {
  const memory = new SharedMemory(64 * megabyte)
  const before = process.memoryUsage().rss
  for (let count = 0; count < 100; count++) {
    const bytes = new Uint8Array(new SharedArrayBuffer(4 * megabyte)).fill(1)
    memory.reach(bytes)
    await new Promise((resolve) => setImmediate(resolve))
  }
  // 400 MB went by; 8 MB is where it begins to look for garbage.
  expect(process.memoryUsage().rss - before).toBeLessThan(100 * megabyte)
})
