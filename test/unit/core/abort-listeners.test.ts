import { getEventListeners } from 'node:events'
import { expect, test } from 'vitest'
import { listenTo, stopListeningTo } from '../../../src/core/abort-listeners.ts'

const listenersOf = (signal: AbortSignal) => getEventListeners(signal, 'abort').length

test('a thousand who listen to a signal are one listener to it, and none when the last one stops', () => {
  const { signal } = new AbortController()
  const listeners = Array.from({ length: 1000 }, () => ({ aborted: () => {} }))
  for (const listener of listeners) listenTo(signal, listener)
  expect(listenersOf(signal)).toBe(1)
  for (const listener of listeners) {
    stopListeningTo(signal, listener)
    stopListeningTo(signal, listener)
  }
  expect(listenersOf(signal)).toBe(0)
})

test('all are told, in order, except those who stopped because of one before them', () => {
  const controller = new AbortController()
  const { signal } = controller
  const told: number[] = []
  const third = { aborted: () => told.push(3) }
  listenTo(signal, { aborted: () => told.push(1) })
  listenTo(signal, {
    aborted: () => {
      told.push(2)
      stopListeningTo(signal, third)
    },
  })
  listenTo(signal, third)
  listenTo(signal, { aborted: () => told.push(4) })
  controller.abort()
  expect(told).toEqual([1, 2, 4])
})
