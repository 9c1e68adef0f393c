import { PassThrough } from 'node:stream'
import { expect, test, vi } from 'vitest'
import { followParent } from '../../../src/engine/ray/host/parent.ts'
import { RunningCode } from '../../../src/engine/ray/host/running-code.ts'
import { rejection } from '../../support/rejection.ts'

const start = {
  agent: { host: '127.0.0.1', port: 1234, token: 'aa', tls: false },
  namespace: 'klaw',
  listen: '127.0.0.1',
}

test('the first line is what a child is told, in however many pieces', async () => {
  const input = new PassThrough()
  const gone = vi.fn()
  const told = followParent(input, gone)
  const line = Buffer.from(`${JSON.stringify({ ...start, namespace: 'größer' })}\n`)
  for (const byte of line) input.write(Uint8Array.of(byte))
  expect(await told).toEqual({ ...start, namespace: 'größer' })
  input.write('more, that nobody reads')
  expect(gone).not.toHaveBeenCalled()
  input.end()
  await vi.waitFor(() => expect(gone).toHaveBeenCalledTimes(1))
})

test('a parent that is gone before it has said anything is gone', async () => {
  const input = new PassThrough()
  const gone = vi.fn()
  void followParent(input, gone)
  input.write('{"agent"')
  input.end()
  await vi.waitFor(() => expect(gone).toHaveBeenCalledTimes(1))
})

test.each([
  ['hello', 'is not JSON'],
  ['null', 'lacks something'],
  [JSON.stringify({ ...start, listen: 7 }), 'lacks something'],
  [JSON.stringify({ ...start, agent: { ...start.agent, port: '1' } }), 'lacks something'],
  ['x'.repeat(100_000), 'is not JSON'],
])('anything else is refused: %s', async (line, message) => {
  const input = new PassThrough()
  const told = rejection(followParent(input, () => {}))
  input.end(`${line}\n`)
  expect(await told).toMatchObject({ name: 'KlawError', message: expect.stringContaining(message) })
})

test('code that runs here finds its way to other processes; code from elsewhere does not', () => {
  const code = new RunningCode()
  const module = code.note('/tmp/a b/module.mjs', { runtime: 'r', module: 'm', source: 'file:///home/counter.ts' })
  expect(module).toBe('file:///tmp/a%20b/module.mjs')
  expect(code.placeOf({ module, name: 'Counter' })).toEqual({
    runtime: 'r',
    module: 'm',
    source: 'file:///home/counter.ts',
    inside: true,
  })
  expect(() => code.placeOf({ module: 'file:///elsewhere.mjs', name: 'Other' })).toThrow(
    "'Other' is defined in file:///elsewhere.mjs, which is not part of the bundle that runs here",
  )
})
