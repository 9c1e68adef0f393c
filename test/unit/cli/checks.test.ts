import { expect, test } from 'vitest'
import { clusterNodeCheck } from '../../../src/cli/checks/cluster-node.ts'
import { laneCheck } from '../../../src/cli/checks/lane.ts'
import { clusterPythonCheck, clusterRayCheck } from '../../../src/cli/checks/versions.ts'
import { doctor } from '../../../src/cli/doctor.ts'
import { parseAddress, type Visit } from '../../../src/cli/visit.ts'
import type { EngineInfo, InfoOptions } from '../../../src/engine/engine.ts'
import { KlawError, type Runtime } from '../../../src/index.ts'

/** A visit whose session says this about itself. */
function visit(info: Partial<EngineInfo>): Visit {
  const session = { info: async () => info } as unknown as Runtime
  return { address: 'ray://head:10001', host: 'head', port: 10_001, timeout: 1_000, session }
}

test.each([
  ['2.51.0', true, '2.51.0'],
  ['2.60.3', true, '2.60.3'],
  ['2.61.0', true, '2.61.0, which is newer: klaw is tested with 2.51 to 2.60'],
  ['3.0.0', true, '3.0.0, which is newer: klaw is tested with 2.51 to 2.60'],
  ['2.50.1', false, '2.50.1'],
  ['2.9.3', false, '2.9.3'],
])('Ray %s', async (rayVersion, ok, found) => {
  expect(await clusterRayCheck(visit({ rayVersion })).run()).toMatchObject({ ok, found })
})

test.each([
  ['3.9.18', false],
  ['3.10.0', true],
  ['3.13.1', true],
])('Python %s', async (pythonVersion, ok) => {
  expect(await clusterPythonCheck(visit({ pythonVersion })).run()).toMatchObject({ ok, found: pythonVersion })
})

test('a tunnel is no fault, and says why it is one', async () => {
  expect((await laneCheck(visit({ lane: 'direct' })).run()).found).toMatch(/^direct/)
  const result = await laneCheck(visit({ lane: 'tunnel', notDirect: new Error('no answer within 2 s') })).run()
  expect(result).toMatchObject({ ok: true, found: expect.stringContaining('no answer within 2 s') })
})

test('the Node of the cluster is asked for, and where there is none it is said what to do', async () => {
  const asked: (InfoOptions | undefined)[] = []
  const found = { version: '22.1.0', path: '/usr/bin/node', where: 'the PATH' }
  const info = async (options?: InfoOptions) => {
    asked.push(options)
    return { nodeJs: found }
  }
  const session = { info } as unknown as Runtime
  const result = await clusterNodeCheck({ ...visit({}), session }).run()
  expect(result).toEqual({ ok: true, found: '22.1.0 (/usr/bin/node, from the PATH)' })
  expect(asked).toEqual([{ nodeJs: true }])

  const none = { info: () => Promise.reject(new KlawError('TypeScript needs Node.js: install it there')) }
  const lines: string[] = []
  const check = clusterNodeCheck({ ...visit({}), session: none as unknown as Runtime })
  expect(await doctor(undefined, 1_000, (line) => lines.push(line), [check])).toBe(false)
  expect(lines).toEqual(["to do cluster's Node  TypeScript needs Node.js: install it there"])
})

test('addresses', () => {
  expect(parseAddress('ray://head')).toMatchObject({ host: 'head', port: 10_001 })
  expect(parseAddress('ray://head:5/')).toMatchObject({ host: 'head', port: 5 })
  expect(parseAddress('ray://[::1]:7')).toMatchObject({ host: '::1', port: 7 })
})
