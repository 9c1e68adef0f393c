import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, inject, test } from 'vitest'
import { forwarder } from './support/forwarder.ts'
import { connect, echoAgent, endpointOf, settingsOf } from './support/session.ts'

const textOf = (data: Uint8Array) => Buffer.from(data).toString()

/** Says how often each number has come. */
const countingAgent = `${echoAgent}
    counts = {}
    async def exchange(self, number, data, wait):
        self.counts[number] = self.counts.get(number, 0) + 1
        return str(self.counts[number]).encode() + b" " + data
`

test('a session goes on over another connection, and does nothing twice', async () => {
  const { address, cut } = await forwarder(inject('rayAddress'))
  const bootstrap = await connect(address)
  await bootstrap.startAgent(settingsOf(countingAgent), 'actor')
  for (let round = 0; round < 3; round += 1) {
    const pending = Array.from({ length: 40 }, (_, index) =>
      bootstrap.exchange(round * 40 + index, Buffer.from(`${index}`), false),
    )
    await pending[5 + round * 10]
    cut()
    expect((await Promise.all(pending)).map(textOf)).toEqual(Array.from({ length: 40 }, (_, index) => `1 ${index}`))
  }
  const large = new Uint8Array(12_000_000).fill(7)
  const there = bootstrap.exchange(1000, large, false)
  cut()
  expect((await there).length).toBe(large.length + 2)
})

test('a program that has nothing to wait for ends, with an open session', async () => {
  const module = fileURLToPath(new URL('../../../src/engine/ray/bootstrap/ray-client-bootstrap.ts', import.meta.url))
  const options = { ...endpointOf(inject('rayAddress')), namespace: 'idle', environment: {} }
  const program = `
    import { RayClientBootstrap } from ${JSON.stringify(module)}
    await RayClientBootstrap.connect(${JSON.stringify(options)})
    console.log('connected')
  `
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const output = child.stdout.toArray()
  const [code] = await once(child, 'exit')
  expect(code).toBe(0)
  expect(Buffer.concat(await output).toString()).toBe('connected\n')
})
