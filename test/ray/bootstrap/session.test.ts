import { createHash } from 'node:crypto'
import { expect, inject, test } from 'vitest'
import { RayError } from '../../../src/errors.ts'
import { commandLine, ownCluster, processesLike } from '../../support/ray/own-cluster.ts'
import { rejection } from '../../support/rejection.ts'
import { until } from '../../support/until.ts'
import { connect, echoAgent, settingsOf } from './support/session.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const textOf = (data: Uint8Array) => Buffer.from(data).toString()

test("a session knows its cluster's versions", async () => {
  const bootstrap = await connect()
  expect(bootstrap.versions.ray).toBe(inject('rayVersion'))
  expect(bootstrap.versions.python).toMatch(/^3\.\d+\.\d+$/)
})

test('the agent starts with its settings, and echoes what it gets', async () => {
  const bootstrap = await connect()
  const address = await bootstrap.startAgent(settingsOf(echoAgent), 'actor')
  expect(address.token).toBe("{'namespace': 'klaw-bootstrap-test', 'max_frame': 1000000}")
  const waiting = Array.from({ length: 8 }, (_, number) => bootstrap.exchange(number, bytes(`w${number}`), true))
  const many = await Promise.all(Array.from({ length: 50 }, (_, n) => bootstrap.exchange(n, bytes(`${n}`), false)))
  expect(many.map(textOf)).toEqual(Array.from({ length: 50 }, (_, number) => `${number}`))
  await bootstrap.exchange(100, bytes('release'), false)
  expect((await Promise.all(waiting)).map(textOf)).toEqual(Array.from({ length: 8 }, (_, number) => `w${number}`))
  // Both ways in parts of 5 MiB.
  const large = new Uint8Array(12_000_000).map((_, index) => index * 31)
  expect(Buffer.compare(await bootstrap.exchange(101, large, false), large)).toBe(0)
  const error = (await rejection(bootstrap.exchange(7, bytes('fail'), false))) as Error
  expect(error).toBeInstanceOf(RayError)
  expect(error.message).toMatch(/klaw_agent\/agent\.py", line \d+, in exchange.*ValueError: no such number: 7$/s)
})

test.each([
  ['a module that is no Python', 'class Agent(:', /SyntaxError/],
  [
    'a constructor that throws',
    'class Agent:\n    def __init__(self, settings, over=None):\n        raise OSError("no")',
    /OSError: no$/,
  ],
  ['no agent in the module', 'x = 1', /AttributeError: module 'klaw_agent\.agent' has no attribute 'Agent'/],
])('%s is told with its traceback', async (_, source, message) => {
  const bootstrap = await connect()
  for (const place of ['session', 'actor'] as const) {
    const error = (await rejection(bootstrap.startAgent(settingsOf(source), place))) as Error
    expect(error).toBeInstanceOf(RayError)
    expect(error.message).toMatch(/^the agent did not start: Traceback/)
    expect(error.message).toMatch(message)
  }
})

test("an agent whose worker dies is told as Ray's exception", async () => {
  const bootstrap = await connect()
  const source = 'import os\nclass Agent:\n    def __init__(self, settings):\n        os._exit(3)'
  const error = (await rejection(bootstrap.startAgent(settingsOf(source), 'actor'))) as Error
  expect(error).toBeInstanceOf(RayError)
  expect(error.message).toMatch(/ray\.exceptions\.Actor\w*Error: .*(died|exit)/s)
})

test("the session's runtime_env is that of its agent, wherever it runs, and one that cannot be had is told", async () => {
  const runtimeEnv = async () => ({ env_vars: { KLAW_TEST_HOST: '127.8.8.8' } })
  const bootstrap = await connect(undefined, { runtimeEnv })
  for (const place of ['session', 'actor'] as const) {
    expect((await bootstrap.startAgent(settingsOf(echoAgent), place)).host).toBe('127.8.8.8')
  }
  const refused = await rejection(connect(undefined, { runtimeEnv: async () => ({ env_vars: 'nonsense' }) }))
  expect((refused as Error).message).toMatch(/refuses the session: .*env_vars/s)
  const working_dir = 'gcs://_ray_pkg_0123456789abcdef0123456789abcdef.zip'
  const missing = await rejection(connect(undefined, { runtimeEnv: async () => ({ working_dir }) }))
  expect((missing as Error).message).toMatch(/refuses the session: .*_ray_pkg_0123456789abcdef/s)
})

test('a package that is uploaded for the runtime_env is what the agent can import', async () => {
  // A zip of one file `from_upload.py`, stored as it is.
  const zip = zipOf('from_upload.py', 'NAME = "127.5.5.5"\n')
  const uri = `gcs://_ray_pkg_${createHash('sha1').update(zip).digest('hex')}.zip`
  const bootstrap = await connect(undefined, {
    async runtimeEnv(upload) {
      await upload(uri, zip)
      await upload(uri, zip)
      return { py_modules: [uri] }
    },
  })
  const source = echoAgent.replace('os.environ.get("KLAW_TEST_HOST", "127.0.0.1")', '__import__("from_upload").NAME')
  for (const place of ['session', 'actor'] as const) {
    expect((await bootstrap.startAgent(settingsOf(source), place)).host).toBe('127.5.5.5')
  }
})

test.each(['session', 'actor'] as const)('an agent ends with its session, and its process too (%s)', async (place) => {
  const bootstrap = await connect()
  const { port: pid } = await bootstrap.startAgent(settingsOf(echoAgent), place)
  expect(isAlive(pid)).toBe(true)
  await bootstrap.close()
  await until(() => !isAlive(pid))
})

test("an agent that does not let go, and threads that never end, do not keep the session's process", async () => {
  const source = `${echoAgent}
    async def close(self):
        import threading, time
        threading.Thread(target=time.sleep, args=[3600]).start()
        while True:
            time.sleep(3600)
`
  const bootstrap = await connect()
  const { port: pid } = await bootstrap.startAgent(settingsOf(source), 'session')
  await bootstrap.close()
  await until(() => !isAlive(pid))
})

test('a head that is killed ends what is under way, within the grace period', async () => {
  const cluster = await ownCluster()
  const bootstrap = await connect(cluster.address, { timeouts: { grace: 1_000 } })
  const lost = new Promise<Error>((resolve) => {
    bootstrap.onLost(resolve)
  })
  await bootstrap.startAgent(settingsOf(echoAgent), 'actor')
  const pending = rejection(bootstrap.exchange(1, bytes('x'), true))
  for (const { pid } of processesLike(cluster, /ray\.util\.client\.server/)) process.kill(pid, 'SIGKILL')
  expect(await pending).toBeInstanceOf(RayError)
  expect(await lost).toBe(await pending)
})

/** One that has ended has no command line any more, also before its parent has asked for it. */
function isAlive(pid: number): boolean {
  return commandLine(pid) !== ''
}

function zipOf(name: string, text: string): Uint8Array {
  const data = Buffer.from(text)
  const crc = Buffer.alloc(4)
  crc.writeUInt32LE(crc32(data))
  const sizes = Buffer.alloc(8)
  sizes.writeUInt32LE(data.length, 0)
  sizes.writeUInt32LE(data.length, 4)
  const length = Buffer.from([name.length, 0, 0, 0])
  const common = Buffer.concat([Buffer.from([20, 0, 0, 0, 0, 0, 0, 0, 33, 0]), crc, sizes, length])
  const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, Buffer.from(name), data])
  const central = Buffer.concat([Buffer.from('PK\x01\x02\x14\x00'), common, Buffer.alloc(14), Buffer.from(name)])
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06')
  end.writeUInt16LE(1, 8)
  end.writeUInt16LE(1, 10)
  end.writeUInt32LE(central.length, 12)
  end.writeUInt32LE(local.length, 16)
  return Buffer.concat([local, central, end])
}

function crc32(data: Uint8Array): number {
  let crc = -1
  for (const byte of data) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0)
  }
  return (crc ^ -1) >>> 0
}
