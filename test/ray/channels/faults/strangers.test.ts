import { connect, type Socket } from 'node:net'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import type { HubAddress } from '../../../../src/engine/ray/hub/open-hub.ts'
import { rejection } from '../../../support/rejection.ts'
import { findHub } from './support/agent-session.ts'
import { HubPeer } from './support/hub-peer.ts'
import { item, Tally } from './support/tally.ts'

let hub: HubAddress

beforeAll(async () => {
  hub = await findHub()
})

/** What a hello is answered with, as far as its status. */
const welcome = Buffer.from('KLAW\u0001\0')
const wrongToken = Buffer.from('KLAW\u0001\u0001')

function hello(token: Buffer): Buffer {
  const id = Buffer.from(Array.from({ length: 16 }, () => Math.floor(Math.random() * 256)))
  return Buffer.concat([Buffer.from('KLAW\u0001\0\u0001\0', 'latin1'), token, id, Buffer.alloc(8)])
}

function frame(type: number, flags: number, stream: number, body: Buffer, length = body.length + 8): Buffer {
  const header = Buffer.alloc(12)
  header.writeUInt32LE(length)
  header.writeUInt8(type, 4)
  header.writeUInt8(flags, 5)
  header.writeUInt32LE(stream, 8)
  return Buffer.concat([header, body])
}

function knock(...bytes: Buffer[]): Socket {
  const socket = connect({ host: hub.host, port: hub.port })
  onTestFinished(() => void socket.destroy())
  socket.on('error', () => undefined)
  socket.write(Buffer.concat(bytes))
  return socket
}

/** What the hub has said when it has closed the connection. */
async function said(socket: Socket): Promise<Buffer> {
  const parts: Buffer[] = []
  socket.on('data', (data) => parts.push(data))
  await new Promise((resolve) => socket.once('close', resolve))
  return Buffer.concat(parts)
}

/** Somebody who goes on working, whatever others do; ends with the count of what he has sent and got. */
async function worker() {
  const peer = new HubPeer(hub)
  onTestFinished(() => peer.close())
  const [tx, rx] = await peer.channel<number>({ capacity: 50 })
  const tally = new Tally()
  let goesOn = true
  const sending = (async () => {
    for (let number = 0; goesOn || number < 1_000; number++) {
      await tx.send(item(0, number))
      tally.sent(item(0, number))
    }
    tx.close()
  })()
  const receiving = (async () => {
    for await (const each of rx) tally.received(each, 'worker')
  })()
  return async () => {
    goesOn = false
    await Promise.all([sending, receiving])
    tally.expectEachOnce({ redelivered: 0, disordered: 0 })
    expect(peer.lanesOpened).toBe(1)
  }
}

test("strangers at the hub's port get nothing, and others do not notice", async () => {
  const finish = await worker()
  const guesses = await Promise.all(Array.from({ length: 50 }, () => said(knock(hello(Buffer.alloc(32))))))
  for (const answer of guesses) expect(answer.subarray(0, 6)).toEqual(wrongToken)
  // As if the hello did not matter: frames behind it, of 4 GB if one believes them.
  const behind = await said(knock(hello(Buffer.alloc(32, 7)), Buffer.alloc(1_000, 0xff)))
  expect(behind.subarray(0, 6)).toEqual(wrongToken)
  const garbage = Array.from({ length: 20 }, () => said(knock(Buffer.from('GET / HTTP/1.1\r\n\r\n'))))
  expect(Buffer.concat(await Promise.all(garbage)).length).toBe(0)
  const truncated = Array.from({ length: 20 }, () => said(knock(hello(Buffer.alloc(32)).subarray(0, 30)).end()))
  expect(Buffer.concat(await Promise.all(truncated)).length).toBe(0)
  // Those who say nothing are sent away some seconds later.
  const silent = Array.from({ length: 100 }, () => said(knock(Buffer.alloc(0))))
  expect(Buffer.concat(await Promise.all(silent)).length).toBe(0)
  const peer = new HubPeer({ ...hub, token: '00'.repeat(32) })
  expect(await rejection(peer.channel())).toMatchObject({ message: expect.stringMatching(/token/) })
  await finish()
})

test('who has the token and speaks nonsense loses his own connection, and only that', async () => {
  const finish = await worker()
  const token = Buffer.from(hub.token, 'hex')
  const greeting = (...frames: Buffer[]) => knock(hello(token), ...frames)
  const nonsense: Record<string, Socket> = {
    'a frame of 4 GB': greeting(frame(0x10, 0, 1, Buffer.alloc(0), 0xffff_fff0)),
    'a frame of 17 MB': greeting(frame(0x10, 0, 1, Buffer.alloc(0), 17 * 2 ** 20)),
    'a frame that is too short': greeting(Buffer.from([3, 0, 0, 0, 1, 2, 3])),
    'random bytes': greeting(Buffer.from(Array.from({ length: 5_000 }, (_, index) => (index * 2_654_435_761) & 0xff))),
    'a control frame of no known kind': greeting(frame(0x0f, 0, 0, Buffer.alloc(0))),
  }
  for (const [what, socket] of Object.entries(nonsense)) {
    const answer = await said(socket)
    expect(answer.subarray(0, 6), what).toEqual(welcome)
  }
  // What is a frame, and no request, is refused as one.
  for (const body of [Buffer.alloc(20, 0xff), Buffer.from([0x92]), Buffer.alloc(0)]) {
    const socket = greeting(frame(0x10, 0, 1, body))
    let answer = Buffer.alloc(0)
    for await (const data of socket) {
      answer = Buffer.concat([answer, data as Buffer])
      if (answer.length > 16 + 12) break
    }
    expect(answer.subarray(0, 6)).toEqual(welcome)
    // A response, with the flag of an error.
    expect([...answer.subarray(16 + 4, 16 + 6)]).toEqual([0x11, 1])
  }
  // A frame of which the rest never comes is nobody's trouble but his own.
  const slow = greeting(frame(0x10, 0, 1, Buffer.alloc(10), 10_000))
  await new Promise((resolve) => slow.once('data', resolve))
  await finish()
})

test('more items than credits, and more taken than delivered, end the connection, and what it held goes on', async () => {
  const finish = await worker()
  const name = `betrayed-${process.pid}-${Math.random()}`
  const honest = new HubPeer(hub)
  onTestFinished(() => honest.close())
  const [tx, rx] = await honest.channel<number>({ name, capacity: 10 })
  await tx.sendBatch([1, 2, 3])
  // Its first two streams are those of its ends.
  const lies: Record<string, (peer: HubPeer) => void> = {
    'an item without a credit': (peer) => peer.write(0x20, 1, 0, 1, 4, 0),
    'a credit given back that it has not got': (peer) => peer.write(0x23, 1, 1),
    'an item taken that it has not got': (peer) => peer.write(0x32, 2, 1),
    'an item given back that it has not got': (peer) => peer.write(0x33, 2, 1, 0xffff_fff0),
  }
  for (const [what, lie] of Object.entries(lies)) {
    const liar = new HubPeer(hub)
    onTestFinished(() => liar.close())
    const [sender, receiver] = await liar.channel<number>({ name, capacity: 10 })
    const closed = sender.closed()
    lie(liar)
    await closed
    expect(await rejection(sender.send(1)), what).toMatchObject({ code: 'CHANNEL_BACKEND', channelName: name })
    expect(await rejection(receiver.recv()), what).toMatchObject({ code: 'CHANNEL_BACKEND', channelName: name })
  }
  expect(await tx.stats()).toMatchObject({ length: 3, senders: 1, receivers: 1 })
  expect([await rx.recv(), await rx.recv(), await rx.recv()]).toEqual([1, 2, 3])
  await finish()
})
