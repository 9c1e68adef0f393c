import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ensureEnvironment } from '../../../src/cluster/environment.ts'
import { type FakeMachine, fakeMachine } from './fake-commands.ts'

/** A uv that notes how it was called, and puts a file where the environment is to be. */
function withUv(machine: FakeMachine): string {
  const calls = join(machine.folder, 'calls')
  machine.command('uv', `echo "$1 $2" >> ${calls}; case $1 in venv) touch ${machine.folder}/env/made;; esac`)
  return calls
}

const installs = (calls: string) => readFileSync(calls, 'utf8').match(/^pip install$/gm)?.length ?? 0

test('an environment is made once, however many ask, and not again while it has what is asked for', async () => {
  const machine = fakeMachine()
  const calls = withUv(machine)
  const options = { folder: join(machine.folder, 'env'), requirements: ['ray==1', 'numpy'] }
  await Promise.all([ensureEnvironment(options), ensureEnvironment(options), ensureEnvironment(options)])
  await ensureEnvironment({ ...options, requirements: ['numpy'] })
  expect(installs(calls)).toBe(1)
})

test('what is missing is added to one that is there, since somebody may be using it', async () => {
  const machine = fakeMachine()
  const calls = withUv(machine)
  const options = { folder: join(machine.folder, 'env'), requirements: ['ray[client]==1', 'numpy'] }
  await ensureEnvironment(options)
  await ensureEnvironment({ ...options, requirements: ['ray[client]==2', 'ruff'] })
  expect(readFileSync(calls, 'utf8').match(/^venv/gm)).toHaveLength(1)
  const marker = JSON.parse(readFileSync(join(options.folder, '.klaw-environment.json'), 'utf8')) as unknown
  expect(marker).toEqual({ requirements: ['numpy', 'ray[client]==2', 'ruff'], complete: true })
  await ensureEnvironment({ ...options, requirements: ['ruff', 'numpy'] })
  expect(installs(calls)).toBe(2)
})

test('a half-made one is made anew', async () => {
  const machine = fakeMachine()
  withUv(machine)
  const options = { folder: join(machine.folder, 'env'), requirements: ['ray==1'] }
  mkdirSync(options.folder)
  writeFileSync(join(options.folder, '.klaw-environment.json'), '{"requirements":["ray==1"],"complete":false}')
  writeFileSync(join(options.folder, 'half'), '')
  await ensureEnvironment(options)
  expect(existsSync(join(options.folder, 'half'))).toBe(false)
  expect(existsSync(join(options.folder, 'made'))).toBe(true)
})

test('without uv, the newest fitting Python makes it', async () => {
  const machine = fakeMachine()
  const calls = join(machine.folder, 'calls')
  const folder = join(machine.folder, 'env')
  const python = (version: string) => {
    return `case "$1" in -c) echo ${version};; *) echo "${version} $*" >> ${calls}; mkdir -p ${folder}/bin; printf '#!/bin/sh\\n' > ${folder}/bin/python; chmod +x ${folder}/bin/python;; esac`
  }
  machine.command('python3', python('3.14.0'))
  machine.command('python3.10', python('3.10.13'))
  machine.command('python3.12', python('3.12.1'))
  machine.command('python3.13', 'echo "not installed" >&2; exit 127')
  await ensureEnvironment({ folder, requirements: ['ray==1'] })
  expect(readFileSync(calls, 'utf8')).toBe(`3.12.1 -m venv ${folder}\n`)
})

test('a failing installation says why, and leaves nothing', async () => {
  const machine = fakeMachine()
  machine.command('uv', 'case $1 in pip) echo "no network" >&2; exit 3;; esac')
  const options = { folder: join(machine.folder, 'env'), requirements: ['ray==1'] }
  await expect(ensureEnvironment(options)).rejects.toThrow(/uv pip install .* ended with 3\nno network$/)
  expect(existsSync(options.folder)).toBe(false)
})

test('without uv and Python it says what to install', async () => {
  const machine = fakeMachine()
  machine.command('python3', 'echo 3.9.1')
  const options = { folder: join(machine.folder, 'env'), requirements: ['ray==1'] }
  await expect(ensureEnvironment(options)).rejects.toThrow('no Python 3.10 to 3.13 was found on the PATH; install one')
})
