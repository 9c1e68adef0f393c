import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { ensureRay, findRay } from '../../../src/cluster/ray-installation.ts'
import { type FakeMachine, fakeMachine } from './fake-commands.ts'

const prints = (version: string) => `echo "ray, version ${version}"`

/** A uv whose environments hold a `ray`. */
function withUv(machine: FakeMachine): void {
  machine.command(
    'uv',
    `case $1 in venv) for folder; do :; done; mkdir -p $folder/bin; touch $folder/bin/ray $folder/bin/python; chmod +x $folder/bin/*;; esac`,
  )
}

test('what is named comes first, then .venv, then the PATH', async () => {
  const machine = fakeMachine()
  const { folder } = machine
  expect(await findRay({ folder })).toBeUndefined()
  const onPath = machine.command('ray', prints('2.55.0'))
  expect(await findRay({ folder })).toEqual({ ray: onPath, python: 'python3', version: '2.55.0' })
  const inFolder = machine.command('.venv/bin/ray', prints('2.56.0'))
  const python = machine.command('.venv/bin/python', '')
  expect(await findRay({ folder })).toEqual({ ray: inFolder, python, version: '2.56.0' })
  const named = machine.command('elsewhere/bin/ray', prints('2.57.0'))
  vi.stubEnv('KLAW_RAY', join(folder, 'elsewhere'))
  expect(await findRay({ folder })).toMatchObject({ ray: named, version: '2.57.0' })
  expect(await findRay({ folder, ray: inFolder })).toMatchObject({ ray: inFolder, version: '2.56.0' })
})

test('what will not do is passed over, unless it was named', async () => {
  const machine = fakeMachine()
  const { folder } = machine
  const old = machine.command('.venv/bin/ray', prints('2.9.0'))
  const onPath = machine.command('ray', prints('2.60.0'))
  expect(await findRay({ folder })).toMatchObject({ ray: onPath })
  expect(await findRay({ folder, rayVersion: '2.51.0' })).toBeUndefined()
  await expect(findRay({ folder, ray: old })).rejects.toThrow(
    `${old} will not do: Ray 2.9.0 is older than 2.51; 2.51 or newer is needed`,
  )
  await expect(findRay({ folder, ray: onPath, rayVersion: '2.51.0' })).rejects.toThrow(
    'it is Ray 2.60.0, and 2.51.0 was asked for',
  )
  await expect(findRay({ folder, ray: join(folder, 'nothing') })).rejects.toThrow('there is no ray command at')
})

test('where there is none it is installed: in .venv, or beside one that is not ours', async () => {
  const machine = fakeMachine()
  withUv(machine)
  const folder = join(machine.folder, 'project')
  expect(await ensureRay({ folder })).toMatchObject({ ray: join(folder, '.venv/bin/ray'), version: '2.60.0' })
  expect(await ensureRay({ folder, rayVersion: '2.51.0' })).toMatchObject({
    ray: join(folder, '.venv-ray-2.51.0/bin/ray'),
    version: '2.51.0',
  })
  const other = join(machine.folder, 'other')
  mkdirSync(join(other, '.venv'), { recursive: true })
  expect(await ensureRay({ folder: other })).toMatchObject({ ray: join(other, '.venv-klaw/bin/ray') })
})
