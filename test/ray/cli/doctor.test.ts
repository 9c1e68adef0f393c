import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { expect, inject, onTestFinished, test } from 'vitest'
import { run } from '../../../scripts/lib/run.mjs'

const command = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url))

/** What the command prints, as `name: text` by name. */
async function doctor(address: string) {
  const { code, output } = await run(process.execPath, [command, 'doctor', address])
  const lines = output.trim().split('\n')
  return {
    code,
    lines: new Map(
      lines.map((line) => {
        const [, verdict, name, text] = /^(ok|to do) +(\S+(?: \S+)*) {2,}(.*)$/.exec(line) ?? []
        return [name, `${verdict}: ${text}`]
      }),
    ),
  }
}

test('a head that is well', async () => {
  const { code, lines } = await doctor(inject('rayAddress'))
  expect(Object.fromEntries(lines)).toMatchObject({
    port: expect.stringMatching(/^ok: .* accepts connections$/),
    TLS: 'ok: not used',
    session: expect.stringMatching(/^ok: opened in [\d.]+ s$/),
    token: 'ok: none demanded',
    "cluster's Ray": `ok: ${inject('rayVersion')}`,
    "cluster's Python": expect.stringMatching(/^ok: 3\.\d+\.\d+$/),
    "cluster's Node": expect.stringMatching(/^ok: \d+\.\d+\.\d+ \(\/.*node, from .*\)$/),
    lane: expect.stringMatching(/^ok: direct/),
    'round trip': expect.stringMatching(/^ok: [\d.]+ ms/),
  })
  expect(code).toBe(0)
})

test('the head, asked at the wrong port', async () => {
  const { code, lines } = await doctor(`ray://${inject('rayGcsAddress')}`)
  expect(lines.get('session')).toMatch(/^to do: .* is no Ray client server.*: give the port of the client server/)
  expect([...lines.keys()].at(-1)).toBe('session')
  expect(code).toBe(1)
})

test('a web server', async () => {
  const server = createServer((_, response) => response.end('hello')).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await new Promise((resolve) => server.once('listening', resolve))
  const { code, lines } = await doctor(`ray://127.0.0.1:${(server.address() as AddressInfo).port}`)
  expect(lines.get('session')).toMatch(/^to do: .* is no Ray client server/)
  expect(code).toBe(1)
})
