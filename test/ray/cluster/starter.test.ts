import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { isListening, listClusters, type ProcessIdentity } from '@klaw/core/cluster'
import { expect, inject, onTestFinished, test } from 'vitest'
import { untilGone } from '../../support/ray/process-identity.ts'
import { rayOptions } from '../../support/ray/ray-options.ts'
import { until } from '../../support/until.ts'

const starter = fileURLToPath(new URL('../../fixtures/cluster/starter.mjs', import.meta.url))
const klaw = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url))

/** Runs the command `klaw` with the Ray of this run. */
function runKlaw(...args: string[]) {
  return promisify(execFile)(process.execPath, [klaw, ...args], {
    env: { ...process.env, KLAW_RAY: inject('rayPython').replace(/\/python3?$/, '/ray') },
  })
}

test('a head ends with the process that has started it, however that ends', async () => {
  const options = { ...rayOptions(), numCpus: 1, objectStoreMemory: 100_000_000 }
  const child = spawn(process.execPath, [starter, JSON.stringify(options)], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  const told = JSON.parse(line.toString()) as { processes: ProcessIdentity[]; folder: string; address: string }
  expect(told.processes.length).toBeGreaterThan(3)
  child.kill('SIGKILL')
  await once(child, 'close')
  await untilGone(told.processes)
  expect(existsSync(told.folder)).toBe(false)
  expect((await listClusters()).map(({ address }) => address)).not.toContain(told.address)
})

test('klaw up starts a head that stays until klaw down', async () => {
  const up = await runKlaw('up', '--num-cpus', '1', '--object-store-memory', '100')
  const address = up.stdout.trim()
  onTestFinished(() =>
    runKlaw('down', address)
      .catch(() => undefined)
      .then(() => undefined),
  )
  expect(address).toMatch(/^ray:\/\/127\.\d+\.\d+\.\d+:\d+$/)
  const [host, port] = address.slice('ray://'.length).split(':') as [string, string]
  expect(await isListening(host, Number(port))).toBe(true)
  expect(await listClusters()).toContainEqual(expect.objectContaining({ address, detached: true }))

  const doctor = await runKlaw('doctor', address)
  expect(doctor.stdout).toMatch(/^ok +Node +\d+\.\d+\.\d+$/m)
  expect(doctor.stdout).toContain(`${host}:${port} accepts connections`)

  expect((await runKlaw('down', address)).stdout).toBe(`ended ${address}\n`)
  await until(async () => !(await isListening(host, Number(port))))
  await expect(runKlaw('down', address)).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining(`\`klaw up\` has started no Ray with the address ${address}`),
  })
})
