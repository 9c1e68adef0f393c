import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { directLanes } from '../../../src/engine/ray/lane/direct-lane.ts'
import { rejection } from '../../support/rejection.ts'
import { runNode } from '../../support/run-program.ts'
import { until } from '../../support/until.ts'
import { AgentSide, frameOf, framesOf } from './agent-side.ts'
import { connect, listenTo } from './rig.ts'
import { TcpAgent } from './tcp-agent.ts'

describe('over TCP', () => {
  test('frames go both ways, also while connections break again and again', async () => {
    const agent = new AgentSide()
    agent.confirmEvery = 100_000
    await using tcp = await TcpAgent.listen(agent)
    const transport = await connect(directLanes(tcp.address))
    const heard = listenTo(transport)
    transport.ref()
    const fromClient: Uint8Array[] = []
    const fromAgent: Uint8Array[] = []
    for (let turn = 0; turn < 60; turn++) {
      const up = frameOf(0x10, (turn * 7_919) % 200_000, turn)
      const down = frameOf(0x20, (turn * 104_729) % 200_000, turn)
      fromClient.push(up)
      fromAgent.push(down)
      transport.post(up)
      agent.send(down)
      if (turn % 10 === 9) tcp.cut()
      await new Promise(setImmediate)
    }
    await until(() => agent.frames.length === fromClient.length && heard.frames.length === fromAgent.length)
    expect(agent.frames).toEqual(fromClient.flatMap(framesOf))
    expect(heard.frames).toEqual(fromAgent.flatMap(framesOf))
    expect(agent.hellos.length).toBeGreaterThan(2)
    expect(agent.hellos.slice(1).every(({ resume }) => resume)).toBe(true)
    transport.close()
    await until(() => agent.goodbye)
  })

  test('a large conversation keeps within its buffers', async () => {
    const agent = new AgentSide()
    agent.confirmEvery = 1024 * 1024
    let received = 0
    const accept = agent.accept.bind(agent)
    agent.accept = (pipe) => {
      const take = accept(pipe)
      return (bytes) => {
        received += bytes.length
        take(bytes)
      }
    }
    await using tcp = await TcpAgent.listen(agent)
    const transport = await connect(directLanes(tcp.address))
    listenTo(transport)
    transport.ref()
    const frame = frameOf(0x50, 256 * 1024)
    for (let count = 0; count < 100; count++) {
      while (!transport.writable) await new Promise<void>((resolve) => transport.onWritable(resolve))
      transport.post(frame)
    }
    await until(() => received > frame.length * 100)
    transport.close()
    await until(() => agent.goodbye)
  })

  test('what says nothing, is not there, or is no agent is reported', async () => {
    await using tcp = await TcpAgent.listen(new AgentSide())
    const { address } = tcp
    const silent = createServer((socket) => socket.on('error', () => undefined).resume())
    silent.listen(0, '127.0.0.1')
    await until(() => silent.listening)
    const silentAddress = { host: '127.0.0.1', port: (silent.address() as { port: number }).port }
    expect(await rejection(connect(directLanes(silentAddress), 50))).toMatchObject({
      message: 'the agent did not answer within 50 ms (direct lane)',
    })
    silent.close()
    await tcp[Symbol.asyncDispose]()
    expect(await rejection(connect(directLanes(address)))).toMatchObject({
      code: 'RAY',
      message: expect.stringMatching(/^the agent at 127\.0\.0\.1:\d+ can not be reached: connect ECONNREFUSED/),
    })
    const nowhere = { host: 'no.such.host.invalid', port: 1 }
    expect(await rejection(connect(directLanes(nowhere)))).toMatchObject({
      message: expect.stringContaining('no.such.host'),
    })
  })

  test('an attempt that is given up leaves nothing behind', async () => {
    await using tcp = await TcpAgent.listen(new AgentSide())
    const controller = new AbortController()
    const opening = directLanes(tcp.address).open(controller.signal)
    controller.abort('enough')
    expect(await rejection(opening)).toBe('enough')
  })
})

test('over TLS', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'klaw-lane-'))
  try {
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
    const request = [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-days',
      '2',
    ]
    const subject = ['-subj', '/CN=agent', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert]
    execFileSync('openssl', [...request, ...subject], { stdio: 'pipe' })
    const agent = new AgentSide()
    await using tcp = await TcpAgent.listen(agent, { key: readFileSync(key), cert: readFileSync(cert) })
    const transport = await connect(directLanes({ ...tcp.address, tls: { ca: readFileSync(cert) } }))
    const heard = listenTo(transport)
    transport.ref()
    transport.post(frameOf(0x10, 300_000))
    agent.send(frameOf(0x20, 300_000))
    await until(() => agent.frames.length === 1 && heard.frames.length === 1)
    transport.close()
    await until(() => agent.goodbye)
    expect(await rejection(connect(directLanes({ ...tcp.address, tls: {} })))).toMatchObject({
      message: expect.stringContaining('self-signed'),
    })
    await expect(connect(directLanes(tcp.address), 300)).rejects.toMatchObject({ code: 'RAY' })
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test.each(['idle', 'waiting'])('a process ends by itself while its connection is %s', async (kind) => {
  const agent = new AgentSide()
  await using tcp = await TcpAgent.listen(agent)
  // Late, so that the process has to wait.
  agent.onFrame = () => void setTimeout(() => agent.send(frameOf(0x11)), 200)
  const script = fileURLToPath(new URL('../../fixtures/lane/client.ts', import.meta.url))
  const end = await runNode(['--import', 'tsx', script, kind, String(tcp.address.port)])
  expect(end).toMatchObject({ code: 0, stderr: '' })
  expect(end.stdout).toContain('open')
  if (kind === 'waiting') expect(end.stdout).toContain('answered')
  expect(end.lingered).toBeLessThan(5_000)
})
