import { expect, test, vi } from 'vitest'
import { checkNodeOptions } from '../../../src/cluster/options.ts'
import { headArguments, nodeEnvironment } from '../../../src/cluster/ray-command.ts'

const ports = { address: '127.20.0.2', gcs: 1, client: 2, nodeManager: 3 }

test('a head stays in the foreground and on its own address, and reports to nobody', () => {
  expect(headArguments(ports, '/tmp/x', { numCpus: 0, resources: { tpu: 2 } })).toEqual([
    'start',
    '--head',
    '--port=1',
    '--ray-client-server-port=2',
    '--include-dashboard=false',
    '--block',
    '--disable-usage-stats',
    '--log-style=record',
    '--log-color=false',
    '--node-ip-address=127.20.0.2',
    '--node-manager-port=3',
    '--temp-dir=/tmp/x',
    '--object-store-memory=500000000',
    '--num-cpus=0',
    '--resources={"tpu":2}',
  ])
})

test("the environment is this process's, without what points clients to another cluster", () => {
  vi.stubEnv('RAY_ADDRESS', 'ray://elsewhere:10001')
  vi.stubEnv('RAY_USE_TLS', '1')
  vi.stubEnv('PYTHONPATH', '/given')
  const environment = nodeEnvironment({ env: { RAY_AUTH_MODE: 'token' }, pythonPath: ['/a', '/b'] })
  vi.unstubAllEnvs()
  vi.stubEnv('RAY_AUTH_MODE', undefined)
  expect(nodeEnvironment({}).RAY_AUTH_MODE).toBe('disabled')
  vi.stubEnv('RAY_AUTH_MODE', 'token')
  expect(nodeEnvironment({}).RAY_AUTH_MODE).toBe('token')
  vi.unstubAllEnvs()
  expect(environment).toMatchObject({ RAY_USE_TLS: '1', RAY_AUTH_MODE: 'token', RAY_USAGE_STATS_ENABLED: '0' })
  expect(environment.RAY_ADDRESS).toBeUndefined()
  expect(environment.PYTHONPATH).toBe('/a:/b:/given')
})

test.each([
  [{ numCpus: 1.5 }, 'numCpus is not a whole number: 1.5'],
  [{ numGpus: -1 }, 'numGpus is not a whole number: -1'],
  [{ resources: { tpu: Number.NaN } }, 'resources.tpu is not an amount: NaN'],
  [{ objectStoreMemory: 1000 }, 'objectStoreMemory is less than 78643200 bytes: 1000'],
  [{ startTimeout: 0 }, 'startTimeout is not a time: 0'],
])('%o is refused before anything starts', (options, message) => {
  expect(() => checkNodeOptions(options)).toThrow(new RangeError(message))
})
