import { describe, expect, test } from 'vitest'
import { newIdentity, writeHello } from '../../../../src/engine/ray/lane/hello.ts'
import { rejection } from '../../../support/rejection.ts'
import { frameOf, framesOf, token } from '../agent-side.ts'
import { listenTo } from '../rig.ts'
import { Cutter, dial, everything, ListeningSide, rawSocket, until } from './rig.ts'

const hello = () => writeHello(newIdentity(token), false, 0)

describe('a caller with the right token', () => {
  test('is welcomed, and frames go both ways', async () => {
    await using side = await ListeningSide.start()
    const caller = await dial(side.port)
    const heard = listenTo(caller)
    caller.post(frameOf(0x40, 10))
    caller.post(frameOf(0x41, 100_000, 3))
    await until(() => side.heard[0]?.frames.length === 2)
    side.transports[0]?.post(frameOf(0x42, 70_000, 9))
    await until(() => heard.frames.length === 1)
    expect(heard.frames).toEqual(framesOf(frameOf(0x42, 70_000, 9)))
    caller.close()
    await until(() => side.heard[0]?.closed !== undefined)
    expect(side.heard[0]?.closed).toEqual({ reason: undefined })
    expect(side.log).toEqual([])
  })

  test('may say its hello in pieces, with frames right behind it', async () => {
    await using side = await ListeningSide.start()
    const socket = await rawSocket(side.port)
    const bytes = Buffer.concat([hello(), frameOf(0x40, 5, 1)])
    for (const byte of bytes) socket.write(Uint8Array.of(byte))
    await until(() => side.heard[0]?.frames.length === 1)
    expect(side.listener.unknown).toBe(0)
    expect(side.heard[0]?.frames).toEqual(framesOf(frameOf(0x40, 5, 1)))
    socket.destroy()
  })

  test('is told when it is ended', async () => {
    const side = await ListeningSide.start()
    const caller = await dial(side.port)
    const heard = listenTo(caller)
    await side[Symbol.asyncDispose]()
    await until(() => heard.closed !== undefined)
    expect(heard.closed).toEqual({ reason: undefined })
  })
})

describe('who has no right', () => {
  test('is refused, and logged once', async () => {
    await using side = await ListeningSide.start()
    for (let count = 0; count < 3; count++) {
      const error = await rejection(dial(side.port, { secret: '00'.repeat(32) }))
      expect(error).toMatchObject({ message: "the agent refused the connection: the token is not this session's" })
    }
    expect(side.log).toEqual(['klaw: a caller was refused: it has another token; further ones are not logged'])
    expect(side.transports).toHaveLength(0)
  })

  test.each([
    ['garbage', Buffer.from('GET / HTTP/1.1\r\n\r\n'), 'spoke something else'],
    ['a hello that breaks off', hello().subarray(0, 40), 'before it had said its hello'],
  ])('and says %s, is closed', async (_name, bytes, complaint) => {
    await using side = await ListeningSide.start()
    const socket = await rawSocket(side.port)
    const answer = everything(socket)
    socket.end(bytes)
    expect(await answer).toHaveLength(0)
    await until(() => side.log.length === 1)
    expect(side.log[0]).toContain(complaint)
    expect(side.listener.unknown).toBe(0)
  })

  test.each([
    ['another version', 4, 9, 2],
    ['flags that nobody knows', 5, 6, 2],
    ['a connection to resume that nobody knows', 5, 1, 3],
    ['a position that can not be', 63, 0xff, 3],
  ])('since it names %s, is told so', async (_name, position, value, status) => {
    await using side = await ListeningSide.start()
    const socket = await rawSocket(side.port)
    const answer = everything(socket)
    const bytes = hello()
    bytes[position] = value
    socket.write(bytes)
    const said = await answer
    expect([said.length, said.subarray(0, 4).toString(), said[4], said[5]]).toEqual([16, 'KLAW', 1, status])
    expect(side.log).toHaveLength(1)
  })

  test('is told that there are too many', async () => {
    await using side = await ListeningSide.start({ most: 1 })
    const first = await dial(side.port)
    listenTo(first)
    expect(await rejection(dial(side.port))).toMatchObject({ message: expect.stringContaining('it is ending') })
    first.close()
    await until(() => side.heard[0]?.closed !== undefined)
    const next = await dial(side.port)
    listenTo(next)
    next.close()
  })
})

describe('who says nothing', () => {
  test('is closed after a while', async () => {
    await using side = await ListeningSide.start({ patience: 50 })
    const socket = await rawSocket(side.port)
    expect(await everything(socket)).toHaveLength(0)
    expect(side.log[0]).toContain('did not say its hello in time')
    expect(side.listener.unknown).toBe(0)
  })

  test('keeps nobody else from coming, beyond a number', async () => {
    await using side = await ListeningSide.start({ mostUnknown: 3 })
    const silent = await Promise.all([rawSocket(side.port), rawSocket(side.port), rawSocket(side.port)])
    await until(() => side.listener.unknown === 3)
    const tooMany = await rawSocket(side.port)
    await everything(tooMany)
    expect(side.log[0]).toContain('more than 3 callers')
    silent[0]?.destroy()
    await until(() => side.listener.unknown === 2)
    const caller = await dial(side.port)
    listenTo(caller)
    caller.close()
    for (const socket of silent) socket.destroy()
  })
})

describe('frames that can not be', () => {
  test.each([
    ['longer than 16 MiB', [0xff, 0xff, 0xff, 0xff]],
    ['shorter than a header', [3, 0, 0, 0]],
    ['of an unknown type', [...frameOf(0x07)]],
  ])('%s end the connection, and nobody else is harmed', async (_name, bytes) => {
    await using side = await ListeningSide.start()
    const socket = await rawSocket(side.port)
    const other = await dial(side.port)
    listenTo(other)
    const answer = everything(socket)
    socket.write(hello())
    await until(() => side.transports.length === 2)
    socket.write(Uint8Array.from(bytes))
    await answer
    const [closed] = side.heard.map(({ closed }) => closed).filter((each) => each !== undefined)
    expect(closed?.reason?.message).toBe('the caller sent a frame that can not be read')
    expect(side.heard.filter(({ closed }) => closed === undefined)).toHaveLength(1)
    other.close()
  })
})

describe('a connection that is cut', () => {
  test('goes on where it was, in both directions, again and again', async () => {
    await using side = await ListeningSide.start()
    await using cutter = await Cutter.start(side.port)
    const caller = await dial(cutter.port)
    const heard = listenTo(caller)
    caller.ref()
    const sent: string[] = []
    const answered: string[] = []
    for (let round = 0; round < 8; round++) {
      const frame = frameOf(0x40, 50_000 + round, round)
      const answer = frameOf(0x41, 90_000 + round, round)
      sent.push(...framesOf(frame))
      answered.push(...framesOf(answer))
      caller.post(frame)
      side.transports[0]?.post(answer)
      if (round % 2 === 1) cutter.cut()
      await until(() => side.heard[0]?.frames.length === round + 1 && heard.frames.length === round + 1)
    }
    expect(side.heard[0]?.frames).toEqual(sent)
    expect(heard.frames).toEqual(answered)
    expect(side.transports).toHaveLength(1)
    caller.close()
    await until(() => side.heard[0]?.closed !== undefined)
  })

  test('also goes on when only the caller has noticed', async () => {
    await using side = await ListeningSide.start()
    const identity = newIdentity(token)
    const first = await rawSocket(side.port)
    first.write(writeHello(identity, false, 0))
    first.write(frameOf(0x40, 1))
    await until(() => side.heard[0]?.frames.length === 1)
    const second = await rawSocket(side.port)
    second.write(writeHello(identity, true, 0))
    second.write(frameOf(0x41, 2))
    await until(() => side.heard[0]?.frames.length === 2)
    await everything(first)
    expect(side.transports).toHaveLength(1)
    second.destroy()
  })

  test('is over when the caller asked for a second, and it has passed', async () => {
    await using side = await ListeningSide.start()
    await using cutter = await Cutter.start(side.port)
    const caller = await dial(cutter.port, { gracePeriod: 1_000 })
    listenTo(caller)
    cutter.refuses = true
    cutter.cut()
    await until(() => side.heard[0]?.closed !== undefined)
    expect(side.heard[0]?.closed?.reason?.message).toBe(
      'the connection to the caller was lost and not resumed within 1 seconds',
    )
    caller.close()
  })
})

test('a caller that reads nothing is not read from beyond 64 MiB, and is again when it does', async () => {
  await using side = await ListeningSide.start()
  const socket = await rawSocket(side.port)
  socket.pause()
  socket.write(hello())
  await until(() => side.transports.length === 1)
  const [transport] = side.transports
  const large = frameOf(0x41, 2 ** 20)
  // What is on its way to a socket that is not read from, and what would wait for confirmations, is less than that.
  for (let count = 0; count < 80; count++) transport?.post(large)
  socket.write(frameOf(0x40, 1))
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
  expect(side.heard[0]?.frames).toEqual([])
  socket.resume()
  await until(() => side.heard[0]?.frames.length === 1)
  socket.destroy()
})
