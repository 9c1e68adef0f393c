import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, pyFunction } from '@klaw/core'
import { expect, inject, onTestFinished, test } from 'vitest'
import { rejection } from '../../support/rejection.ts'
import { Counter, session } from './session.ts'

test('a session knows what it stands on', async () => {
  const klaw = await session()
  const info = await klaw.info()
  expect(info).toMatchObject({ kind: 'ray', rayVersion: inject('rayVersion'), lane: 'direct', namespace: 'klaw' })
  expect(info.roundTrip).toBeGreaterThan(0)
  expect((await klaw.nodes()).filter(({ alive }) => alive).length).toBeGreaterThan(0)
  expect((await klaw.clusterResources()).CPU).toBe(8)
  expect((await klaw.availableResources()).CPU).toBeLessThanOrEqual(8)
  expect((await klaw.objectStoreStats()).limit).toBeGreaterThan(0)
})

test('through the tunnel everything works as well', async () => {
  const klaw = await session({ lane: 'tunnel' })
  expect((await klaw.info()).lane).toBe('tunnel')
  const counter = klaw.actor(Counter, { numCpus: 0 }).remote()
  expect(await klaw.get(Array.from({ length: 50 }, () => counter.add.remote()))).toHaveLength(50)
  const large = new Uint8Array(3_000_000).fill(7)
  // An assertion on three million elements takes half a minute.
  expect(Buffer.compare(await klaw.put(large), large)).toBe(0)
})

test('a queue is shared with Python', async () => {
  const klaw = await session()
  const queue = klaw.queue<unknown>({ maxsize: 2 })
  await queue.put(1)
  const counter = klaw.actor(Counter, { numCpus: 0 }).remote()
  expect(await counter.use_queue.remote(queue)).toBe(2)
  expect(await queue.full()).toBe(true)
  expect(await rejection(queue.putNowait(3))).toMatchObject({ code: 'QUEUE_FULL' })
  expect([await queue.get(), await queue.get({ timeout: 5_000 })]).toEqual([1, 'from python'])
  expect(await rejection(queue.get({ timeout: 20 }))).toMatchObject({ code: 'QUEUE_EMPTY' })
  const [back] = (await counter.note.remote(queue)) as [typeof queue]
  await back.put('again')
  expect(await queue.get()).toBe('again')
  await queue.shutdown({ force: true })
  expect(await rejection(queue.size())).toMatchObject({ code: expect.stringMatching(/ACTOR/) })
})

test('a working directory is uploaded, without what is ignored', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'klaw-working-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'only_in_working_directory.py'), 'VALUE = "from the working directory"\n')
  writeFileSync(join(folder, 'secret.txt'), 'x')
  writeFileSync(join(folder, '.gitignore'), 'secret.txt\n')
  const klaw = await session({ runtimeEnv: { working_dir: folder, env_vars: { KLAW_SESSION: 'yes' } } })
  expect(await klaw.task(pyFunction<() => string>('engine_shapes', 'module_value')).remote()).toBe(
    'from the working directory',
  )
  const exists = klaw.task(pyFunction<(path: string) => boolean>('os.path', 'exists'))
  expect(await exists.remote('secret.txt')).toBe(false)
  expect(await exists.remote('only_in_working_directory.py')).toBe(true)
})

test('after the shutdown everything is refused', async () => {
  const klaw = await session()
  const ref = klaw.put(1)
  const pending = klaw.get(klaw.task(pyFunction<() => number>('engine_shapes', 'samples')).remote())
  const refused = rejection(pending)
  await klaw.shutdown()
  await klaw.shutdown()
  expect(klaw.isClosed).toBe(true)
  expect(await refused).toMatchObject({ code: 'RUNTIME_CLOSED' })
  expect(await rejection(ref)).toMatchObject({ code: 'RUNTIME_CLOSED' })
  expect(await rejection(klaw.nodes())).toMatchObject({ code: 'RUNTIME_CLOSED' })
})

test.each([
  ['http://head:8265', "'ray://host:port'"],
  ['head:10001', "did you mean 'ray://head:10001'?"],
  ['ray://', "'ray://host:port'"],
  ['ray://::1:10001', 'in brackets'],
  ['ray://head:70000', 'from 1 to 65535'],
])('the address %s is refused', async (address, text) => {
  expect(String(await rejection(connect(address)))).toContain(text)
})
