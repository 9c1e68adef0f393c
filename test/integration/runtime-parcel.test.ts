import { expect, test } from 'vitest'
import { runtimeParcel } from '../../src/engine/ray/code/runtime-parcel.ts'

const package_ = 'node_modules/@klaw/core/'
/** What modules of actors, and the process that runs them, begin with. */
const entries = ['dist/index.js', 'dist/channel.js', 'dist/entry/ray-host.js']
const imports = /^(?:import|export)\b[^'"]*?(?:from )?["']([^"']+)["'];?$/gm

test('what a process in the cluster loads at its start is whole, and needs no other package', async () => {
  const { files, hash } = await runtimeParcel()
  expect(hash).toBe((await runtimeParcel()).hash)
  expect([...files.keys()].filter((path) => !path.startsWith(package_))).toEqual([])
  expect(files.has(`${package_}package.json`)).toBe(true)
  expect([...files.keys()].filter((path) => /\.map$|\.d\.ts$|\/cli\/|\/cluster\.js$/.test(path))).toEqual([])
  const seen = new Set<string>()
  const packages = new Set<string>()
  const open = entries.map((entry) => `${package_}${entry}`)
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (seen.has(path)) continue
    seen.add(path)
    const bytes = files.get(path)
    expect(bytes, `${path} is in the parcel`).toBeDefined()
    const text = Buffer.from(bytes ?? []).toString()
    expect(text, `${path} names a source map, which is not there`).not.toMatch(/^\/\/# sourceMappingURL=/m)
    for (const [, target = ''] of text.matchAll(imports)) {
      if (target.startsWith('.')) open.push(new URL(target, `file:///${path}`).pathname.slice(1))
      else if (!target.startsWith('node:')) packages.add(target)
    }
  }
  expect(seen.size).toBeGreaterThan(entries.length)
  expect([...packages]).toEqual([])
})
