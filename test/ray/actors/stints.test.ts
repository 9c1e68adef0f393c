import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ActorDiedError, type ActorHandle, pyActorClass, pyFunction, RayTaskError, type Runtime } from '@klaw/core'
import { expect, onTestFinished, test } from 'vitest'
import { rejection } from '../../support/rejection.ts'
import { session } from '../engine/session.ts'

interface LedgerShape {
  add(entry: unknown): number
  all(): unknown[]
  pause(seconds: number): number
  fail(text: string): void
  pair(): [number, string]
  kind_of(value: unknown): string
  task(): string
  process(): number
}

const Ledger = pyActorClass<LedgerShape, [path?: string]>('stint_ledger', 'Ledger')
const callOneByOne = pyFunction<(ledger: unknown, count: number) => number[]>('stint_ledger', 'call_one_by_one')
const free = { numCpus: 0 }

/** Calls, many at once, until they share a task: when that is depends on how quick the machine is. */
async function warm(klaw: Runtime, ledger: ActorHandle<LedgerShape>): Promise<void> {
  for (;;) {
    const names = await klaw.get(Array.from({ length: 50 }, () => ledger.task.remote()))
    if (names.at(-1) === 'Ledger (calls)') return
  }
}

async function fileName(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'klaw-stints-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  return join(folder, 'ledger')
}

const lines = async (path: string) => (await readFile(path, 'utf8')).trim().split('\n')
const numbers = (count: number, first = 0) => Array.from({ length: count }, (_, index) => first + index)

test.each(['direct', 'tunnel'] as const)(
  'many calls, and one after the other: each runs once, in order (%s)',
  async (lane) => {
    const klaw = await session({ lane })
    const ledger = klaw.actor(Ledger, free).remote()
    await warm(klaw, ledger)
    expect(await klaw.get(numbers(2_000).map((n) => ledger.add.remote(n)))).toEqual(numbers(2_000, 1))
    for (const n of numbers(200, 2_000)) expect(await ledger.add.remote(n)).toBe(n + 1)
    expect(await ledger.all.remote()).toEqual(numbers(2_200))
  },
)

test('results and errors of every kind arrive, and can be passed on', async () => {
  const klaw = await session()
  const ledger = klaw.actor(Ledger, free).remote()
  const other = klaw.actor(Ledger, free).remote()
  await warm(klaw, ledger)
  const [first, pair, failed, last] = [
    ledger.add.remote('first'),
    ledger.pair.remote(),
    ledger.fail.remote('on purpose'),
    ledger.add.remote('last'),
  ]
  const kinds = [first, pair, last].map((ref) => other.kind_of.remote(ref))
  const passed = other.kind_of.remote(failed)
  expect(await klaw.get(kinds)).toEqual(['int', 'tuple', 'int'])
  expect(await klaw.get([first, last])).toEqual([1, 2])
  expect(await pair).toEqual([1, 'entries'])
  const error = (await rejection(failed)) as RayTaskError
  expect(error).toBeInstanceOf(RayTaskError)
  expect(error.message).toBe('fail failed: LookupError: on purpose')
  expect(error.cause).toMatchObject({ name: 'LookupError', message: 'on purpose' })
  expect(error.stack).toMatch(/stint_ledger\.py", line \d+, in fail/)
  expect((await rejection(passed)) as Error).toBeInstanceOf(RayTaskError)
})

test('the process is killed while calls are in flight: all of them settle, and what ran has run once', async () => {
  const klaw = await session()
  const path = await fileName()
  const ledger = klaw.actor(Ledger, free).remote(path)
  await warm(klaw, ledger)
  const pid = await ledger.process.remote()
  const refs = numbers(100).map((n) => ledger.add.remote(n))
  refs.push(ledger.pause.remote(60), ...numbers(900, 100).map((n) => ledger.add.remote(n)))
  expect(await klaw.get(refs.slice(0, 100))).toEqual(numbers(100, 1))
  process.kill(pid, 'SIGKILL')
  for (const error of await Promise.all(refs.slice(100).map(rejection))) expect(error).toBeInstanceOf(ActorDiedError)
  expect(await lines(path)).toEqual(numbers(100).map(String))
  expect(await rejection(ledger.add.remote(0))).toBeInstanceOf(ActorDiedError)
})

test('whoever else calls the actor has its turn', async () => {
  const klaw = await session()
  const ledger = klaw.actor(Ledger, free).remote()
  await warm(klaw, ledger)
  const elsewhere = klaw.task(callOneByOne, free).remote(ledger, 30)
  let isDone = false
  const done = klaw.get(elsewhere).finally(() => {
    isDone = true
  })
  let mine = 0
  while (!isDone) {
    await klaw.get(numbers(300).map((n) => ledger.add.remote(n)))
    mine += 300
  }
  const seen = await done
  expect(seen).toHaveLength(30)
  const entries = await ledger.all.remote()
  expect(entries).toHaveLength(mine + 30)
  expect(seen.map((count) => entries[count - 1])).toEqual(Array.from({ length: 30 }, () => 'elsewhere'))
})

test('a slow call holds up no result that is there, and the quick ones behind it come', async () => {
  const klaw = await session()
  const ledger = klaw.actor(Ledger, free).remote()
  await warm(klaw, ledger)
  const [before, slow, ...behind] = [
    ledger.add.remote(0),
    ledger.pause.remote(1),
    ...numbers(200, 1).map((n) => ledger.add.remote(n)),
  ]
  expect(await klaw.wait([before, slow], { timeout: 900 })).toEqual([[before], [slow]])
  expect(await slow).toBe(1)
  expect(await klaw.get(behind)).toEqual(numbers(200, 2))
})
