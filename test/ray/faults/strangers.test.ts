import { readdirSync, readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { ownCluster } from '../../support/ray/own-cluster.ts'
import { until } from '../../support/until.ts'
import { AgentPath } from './support/agent-path.ts'
import { free, session, Tally } from './support/session.ts'

/** How an agent begins its answer, and what it says to who has not got the session's token. */
const wrongToken = Buffer.from('KLAW\u0001\u0001')

/** A hello as it should be, but for the token. */
function hello(token = Buffer.alloc(32)): Buffer {
  return Buffer.concat([Buffer.from('KLAW\u0001\0\0\0'), token, Buffer.alloc(16, 5), Buffer.alloc(8)])
}

/** Resolves with what the agent has said when it has closed the connection. */
async function said(socket: Socket): Promise<Buffer> {
  const parts: Buffer[] = []
  socket.on('data', (data) => parts.push(data))
  socket.on('error', () => {})
  await new Promise((resolve) => socket.once('close', resolve))
  return Buffer.concat(parts)
}

function count(text: string, pattern: string): number {
  return text.split(pattern).length - 1
}

function logsOf(folder: string): string {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
  const logs = files.filter((file) => file.isFile() && /^(worker-|ray_client_server_).*\.err$/.test(file.name))
  return logs.map((file) => readFileSync(join(file.parentPath, file.name), 'utf8')).join('')
}

test("strangers at the agent's port are refused and logged once a kind, and the session does not notice", async () => {
  const cluster = await ownCluster()
  const path = await AgentPath.open()
  const klaw = await session({ agentAddress: path.lead, lane: 'direct' }, cluster.address)
  const tally = klaw.actor(Tally, free).remote()
  await tally.ready()
  const knock = (bytes: Buffer) => {
    const socket = connect(path.agent ?? expect.fail('no agent'))
    onTestFinished(() => void socket.destroy())
    socket.write(bytes)
    return socket
  }

  const guesses = await Promise.all(Array.from({ length: 100 }, () => said(knock(hello()))))
  // As if the hello did not matter: frames behind it, of 4 GB if one believes them.
  const frames = await said(knock(Buffer.concat([hello(), Buffer.alloc(1000, 0xff)])))
  for (const answer of [...guesses, frames]) {
    // Those that came while too many others were there have got no answer.
    if (answer.length > 0) expect(answer.subarray(0, 6)).toEqual(wrongToken)
  }
  const garbage = Array.from({ length: 20 }, () => said(knock(Buffer.from('GET / HTTP/1.1\r\n\r\n'))))
  expect(Buffer.concat(await Promise.all(garbage)).length).toBe(0)
  const truncated = Array.from({ length: 20 }, () => said(knock(hello().subarray(0, 30)).end()))
  expect(Buffer.concat(await Promise.all(truncated)).length).toBe(0)
  // More than may be without a hello at a time; those that may are closed some seconds later.
  const silent = Array.from({ length: 100 }, () => knock(Buffer.alloc(0)))
  for (const socket of silent) void said(socket)
  await until(() => silent.filter(({ destroyed }) => destroyed).length >= 100 - 64)

  const numbers = Array.from({ length: 500 }, (_, index) => index)
  expect(await klaw.get(numbers.map((number) => tally.count.remote(number)))).toEqual(numbers)
  expect(await tally.summary.remote()).toEqual([500, 1])

  const kinds = ['it has another token', 'something else than klaw', 'gone before it had said', 'have not said']
  await until(() => kinds.every((kind) => logsOf(cluster.folder).includes(kind)))
  const logs = logsOf(cluster.folder)
  for (const kind of kinds) expect(count(logs, kind), kind).toBe(1)
})
