import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ownCluster } from '../../support/ray/own-cluster.ts'
import { failure } from '../../support/rejection.ts'
import { until } from '../../support/until.ts'
import { Mortal } from './fixtures/mortal.ts'
import { ChildPort } from './support/child-port.ts'
import { free, session } from './support/session.ts'

/** How an answer begins that is a welcome, and one to who has not got the token. */
const welcome = Buffer.from('KLAW\u0001\u0000')
const wrongToken = Buffer.from('KLAW\u0001\u0001')

/** What a caller says first: docs/gateway.md, "Connection". */
function hello(token: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from('KLAW\u0001\0\0\0'), token, randomBytes(16), Buffer.alloc(8)])
}

/** Resolves with what the process has said when it has closed the connection. */
async function said(socket: Socket): Promise<Buffer> {
  const parts: Buffer[] = []
  socket.on('data', (data) => parts.push(data))
  await new Promise((resolve) => socket.once('close', resolve))
  return Buffer.concat(parts)
}

function logsOf(folder: string): string {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
  const logs = files.filter((file) => file.isFile() && /worker-.*\.err$/.test(file.name))
  return logs.map((file) => readFileSync(join(file.parentPath, file.name), 'utf8')).join('')
}

function count(text: string, pattern: string): number {
  return text.split(pattern).length - 1
}

/** A frame: u32 length of what follows, u8 type, u8 flags, u16, u32 stream, and so many bytes that mean nothing. */
function frame(length: number, type: number, body: number): Buffer {
  const bytes = Buffer.alloc(12 + body, 0xee)
  bytes.writeUInt32LE(length)
  bytes.writeUInt32LE(type, 4)
  bytes.writeUInt32LE(1, 8)
  return bytes
}

test("strangers at an actor's port are refused and logged once a kind; the actor does not notice", async () => {
  const cluster = await ownCluster()
  const port = await ChildPort.open()
  const klaw = await session({ agentAddress: port.lead, lane: 'direct' }, cluster.address)
  const actor = klaw.actor(Mortal, free).remote()
  expect(await actor.record.remote(0)).toBe(0)
  const { token } = port
  const held = actor.hold.remote('meanwhile')

  const guesses = await Promise.all(Array.from({ length: 100 }, () => said(port.knock(hello(randomBytes(32))))))
  for (const answer of guesses) {
    // Those that came while too many others were there have got no answer.
    if (answer.length > 0) expect(answer.subarray(0, 6)).toEqual(wrongToken)
  }
  const garbage = Array.from({ length: 20 }, () => said(port.knock(Buffer.from('GET / HTTP/1.1\r\n\r\n'))))
  expect(Buffer.concat(await Promise.all(garbage)).length).toBe(0)
  const truncated = Array.from({ length: 20 }, () => said(port.knock(hello(token).subarray(0, 30)).end()))
  expect(Buffer.concat(await Promise.all(truncated)).length).toBe(0)
  // More than may be without a hello at a time; those that may are closed some seconds later.
  const silent = Array.from({ length: 100 }, () => port.knock(Buffer.alloc(0)))
  for (const socket of silent) void said(socket)
  await until(() => silent.filter(({ destroyed }) => destroyed).length >= 100 - 64)
  expect(await actor.recorded.remote()).toEqual([0])
  await until(() => silent.every(({ destroyed }) => destroyed))

  // Callers who know the token, and then talk nonsense: 4 GB, a frame that is shorter than can be, the call of a method that was never named.
  const nonsense = [frame(0xffff_ffff, 0x40, 100), frame(4, 0x40, 100), frame(60, 0x40, 52)]
  for (const bytes of nonsense) {
    const answer = await said(port.knock(Buffer.concat([hello(token), bytes])))
    expect(answer.subarray(0, 6)).toEqual(welcome)
  }
  // One whose frame never ends is still there; it is nobody's business but its own.
  const unfinished = port.knock(Buffer.concat([hello(token), frame(1_000, 0x40, 8)]))
  unfinished.resume()

  const numbers = Array.from({ length: 500 }, (_, index) => index + 1)
  expect(await klaw.get(numbers.map((number) => actor.record.remote(number)))).toEqual(numbers)
  expect(await actor.recorded.remote()).toEqual([0, ...numbers])
  await klaw.cancel(held)
  expect(await failure(held)).toMatchObject({ code: 'TASK_CANCELLED' })

  const kinds = ['it has another token', 'something else than klaw', 'gone before it had said', 'have not said']
  await until(() => kinds.every((kind) => logsOf(cluster.folder).includes(kind)))
  const logs = logsOf(cluster.folder)
  for (const kind of kinds) expect(count(logs, kind), kind).toBe(1)
})
