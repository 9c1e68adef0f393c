import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { BundledCode } from '../../../src/engine/ray/code/bundled-code.ts'
import { makeParcel } from '../../../src/engine/ray/code/parcel.ts'
import { Parcels } from '../../../src/engine/ray/code/parcels.ts'

/** Checked by python/tests too: `{ name: { files: { path: base64 }, hash } }`. */
const golden = new URL('../../fixtures/parcels/hashes.json', import.meta.url)

interface Golden {
  readonly files: Readonly<Record<string, string>>
  readonly hash: string
}

const bytes = (text: string) => new TextEncoder().encode(text)

/** A cluster that keeps what it is sent. */
class FakeStore {
  readonly asked: string[] = []
  readonly stored = new Map<string, unknown>()
  refusal: Error | undefined

  async request(operation: string, argument?: unknown): Promise<unknown> {
    if (this.refusal !== undefined) throw this.refusal
    if (operation === 'parcel.has') {
      this.asked.push(`has ${argument}`)
      return this.stored.has(argument as string)
    }
    const { hash, files } = argument as { hash: string; files: unknown }
    this.asked.push(`store ${hash}`)
    this.stored.set(hash, files)
    return undefined
  }
}

test('hashes are those that both languages agree on', async () => {
  const parcels = JSON.parse(await readFile(golden, 'utf8')) as Record<string, Golden>
  expect(Object.keys(parcels).length).toBeGreaterThan(3)
  for (const [name, { files, hash }] of Object.entries(parcels)) {
    const decoded = new Map(Object.entries(files).map(([path, text]) => [path, Buffer.from(text, 'base64')]))
    expect(makeParcel(decoded).hash, name).toBe(hash)
  }
})

test('a parcel is sent once in a session, and not where the cluster has it', async () => {
  const store = new FakeStore()
  const parcels = new Parcels(store)
  const parcel = makeParcel(new Map([['module.mjs', bytes('1')]]))
  await Promise.all([parcels.deliver(parcel), parcels.deliver(parcel)])
  await parcels.deliver(parcel)
  expect(store.asked).toEqual([`has ${parcel.hash}`, `store ${parcel.hash}`])
  expect(store.stored.get(parcel.hash)).toEqual({ 'module.mjs': bytes('1') })
  await new Parcels(store).deliver(parcel)
  expect(store.asked).toHaveLength(3)
})

test('after a failure it is sent again', async () => {
  const store = new FakeStore()
  const parcels = new Parcels(store)
  const parcel = makeParcel(new Map())
  store.refusal = new Error('no room')
  await expect(Promise.all([parcels.deliver(parcel), parcels.deliver(parcel)])).rejects.toThrow('no room')
  store.refusal = undefined
  await parcels.deliver(parcel)
  expect(store.stored.has(parcel.hash)).toBe(true)
})

test('a place is known once both parcels are there, and what could not be read is read again', async () => {
  const store = new FakeStore()
  const runtime = makeParcel(new Map([['package.json', bytes('{}')]]))
  const files = new Map([['module.mjs', bytes('2')]])
  let readable = false
  const code = new BundledCode(store, {
    bundle: async () => ({ files, inputs: [] }),
    runtime: async () => {
      if (!readable) throw new Error('not built')
      return runtime
    },
  })
  const address = { module: 'file:///m.ts', name: 'C' }
  await expect(code.placeOf(address)).rejects.toThrow('not built')
  readable = true
  const place = {
    runtime: runtime.hash,
    module: makeParcel(files).hash,
    source: 'file:///m.ts',
    inside: false,
  }
  const coming = code.placeOf(address)
  expect(coming).toBeInstanceOf(Promise)
  expect(await coming).toEqual(place)
  expect([...store.stored.keys()].sort()).toEqual([place.runtime, place.module].sort())
  expect(code.placeOf(address)).toEqual(place)
})
