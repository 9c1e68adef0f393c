import { afterEach, expect, test } from 'vitest'
import { ChunkMemory } from '../../../src/engine/ray/lane/chunk-memory.ts'
import { Outgoing } from '../../../src/engine/ray/lane/outgoing.ts'

const memory = new ChunkMemory()

afterEach(() => memory.clear())

test('memory is used again once it was given back, and not before', () => {
  const first = memory.take()
  const second = memory.take()
  expect(second.buffer).not.toBe(first.buffer)
  memory.giveBack(first.subarray(0, 10))
  expect(memory.take().buffer).toBe(first.buffer)
})

test('what was given back twice is lent once', () => {
  const bytes = memory.take()
  memory.giveBack(bytes)
  memory.giveBack(bytes)
  expect(memory.take().buffer).toBe(bytes.buffer)
  expect(memory.take().buffer).not.toBe(bytes.buffer)
})

test('memory of others is left alone', () => {
  const own = memory.take()
  const foreign = new Uint8Array(own.length)
  memory.giveBack(foreign)
  expect(memory.take().buffer).not.toBe(foreign.buffer)
})

test('a chunk is free when the peer has all of it, also after it was sent again', () => {
  const free: Uint8Array[] = []
  const outgoing = new Outgoing(undefined, (chunk) => free.push(chunk))
  const chunks = [new Uint8Array(10), new Uint8Array(10)] as const
  for (const chunk of chunks) outgoing.add(chunk)
  outgoing.next()
  outgoing.next()
  expect(outgoing.confirm(9)).toBe(true)
  expect(free).toEqual([])
  // Another lane, whose peer has a part of the second one.
  expect(outgoing.resume(15)).toBe(true)
  expect(free).toEqual([chunks[0]])
  expect(outgoing.next()).toHaveLength(5)
  expect(outgoing.confirm(20)).toBe(true)
  expect(free).toEqual([chunks[0], chunks[1]])
})
