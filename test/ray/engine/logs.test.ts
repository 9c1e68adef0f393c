import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { connect, type LogLine, pyActorClass } from '@klaw/core'
import { expect, inject, onTestFinished, test } from 'vitest'
import { chat, Talker } from '../../fixtures/actors/talker.ts'
import { rejection } from '../../support/rejection.ts'
import { until } from '../../support/until.ts'
import { forwarder } from '../bootstrap/support/forwarder.ts'
import { startProgram } from '../faults/support/child-program.ts'
import { session } from './session.ts'

interface Printer {
  say(text: string): number
}
const Printer = pyActorClass<Printer>('log_shapes', 'Printer')

/** A session, and all that it is told. */
async function listening() {
  const lines: LogLine[] = []
  const klaw = await session({ logToDriver: (line) => void lines.push(line) })
  const find = async (line: string) => {
    await until(() => lines.some((found) => found.line === line))
    return lines.find((found) => found.line === line)
  }
  return { klaw, lines, find }
}

test('what actors and tasks print arrives with their names, in both languages', async () => {
  const { klaw, lines, find } = await listening()
  const printer = klaw.actor(Printer, { numCpus: 0 }).remote()
  const talker = klaw.actor(Talker, { numCpus: 0 }).remote()
  const pid = await printer.say.remote('Python')
  await talker.say.remote('TypeScript')
  await klaw.task(chat, { numCpus: 0 }).remote('this')

  expect(await find('says Python')).toEqual({
    stream: 'stdout',
    line: 'says Python',
    name: 'Printer',
    pid,
    ip: undefined,
  })
  expect(await find('warns of Python')).toMatchObject({ stream: 'stderr', name: 'Printer', pid })
  expect(await find('says TypeScript')).toMatchObject({ stream: 'stdout', name: 'Talker', pid: expect.any(Number) })
  expect(await find('warns of TypeScript')).toMatchObject({ stream: 'stderr', name: 'Talker' })
  expect(await find('chats about this')).toMatchObject({ stream: 'stdout', name: 'chat' })
  // Nothing of what this package does itself.
  expect(lines.filter(({ line }) => !/^(says|warns of|chats about) /.test(line))).toEqual([])
})

test('an uncaught error in TypeScript arrives with its stack', async () => {
  const { klaw, lines, find } = await listening()
  const talker = klaw.actor(Talker, { numCpus: 0 }).remote()
  await talker.fail.remote('nobody catches this')
  expect(await find('RangeError: nobody catches this')).toMatchObject({ stream: 'stderr', name: 'Talker' })
  await until(() => lines.some(({ line, name }) => name === 'Talker' && /^ {4}at .*talker\.ts:\d+/.test(line)))
  expect(await rejection(talker.say.remote('more'))).toMatchObject({ code: 'ACTOR_DIED' })
})

test("a session is told of its own job's lines only", async () => {
  const first = await listening()
  const second = await listening()
  const [one, other] = [first, second].map(({ klaw }) => klaw.actor(Printer, { numCpus: 0 }).remote())
  await one?.say.remote('the first')
  await other?.say.remote('the second')
  await Promise.all([first.find('says the first'), second.find('says the second')])
  expect(first.lines.map(({ line }) => line)).not.toContain('says the second')
  expect(second.lines.map(({ line }) => line)).not.toContain('says the first')
})

test('after a broken connection lines arrive again, and the process is warned of the gap once', async () => {
  const { address, cut } = await forwarder(inject('rayAddress'))
  const lines: string[] = []
  const warnings: Error[] = []
  const warn = (warning: Error) => void warnings.push(warning)
  process.on('warning', warn)
  onTestFinished(() => void process.off('warning', warn))
  const logToDriver = ({ line }: LogLine) => void lines.push(line)
  const klaw = await connect(address as `ray://${string}`, { logToDriver, timeout: 60_000 })
  onTestFinished(() => klaw.shutdown())
  const printer = klaw.actor(Printer, { numCpus: 0 }).remote()
  for (const cuts of [0, 1, 2]) {
    // What is said while the stream is not there is missed.
    let said = 0
    await until(async () => {
      await printer.say.remote(`${cuts}.${said++}`)
      return lines.some((line) => line.startsWith(`says ${cuts}.`))
    })
    cut()
  }
  expect(warnings.map(({ name, message }) => `${name}: ${message}`)).toEqual([
    expect.stringMatching(/^KlawWarning: log lines of the cluster may be missing here \(the connection to the cluster/),
  ])
})

test('true prints them as Ray does, and keeps no process alive', async () => {
  const program = startProgram(
    `
    const runtime = await klaw.connect(address, { logToDriver: true })
    const Printer = klaw.pyActorClass('log_shapes', 'Printer')
    let written = ''
    const printed = new Promise((resolve) => {
      for (const stream of [process.stdout, process.stderr]) {
        const write = stream.write.bind(stream)
        stream.write = (text) => {
          written += text
          if (written.includes('says so') && written.includes('warns of so')) resolve()
          return write(text)
        }
      }
    })
    const printer = runtime.actor(Printer, { numCpus: 0 }).remote()
    await printer.say.remote('so')
    const waiting = setInterval(() => {}, 1_000)
    await printed
    clearInterval(waiting)
    `,
    {},
    'pipe',
  )
  const [stdout, stderr, [code]] = await Promise.all([
    text(program.stdout as NodeJS.ReadableStream),
    text(program.stderr as NodeJS.ReadableStream),
    once(program, 'exit'),
  ])
  expect(stdout).toMatch(/^\(Printer pid=\d+\) says so\n$/)
  expect(stderr).toMatch(/^\(Printer pid=\d+\) warns of so\n$/)
  expect(code).toBe(0)
})

test('what a listener throws is an uncaught error of the program', async () => {
  const program = startProgram(
    `
    const runtime = await klaw.connect(address, {
      logToDriver: ({ line }) => {
        throw new Error('thrown at ' + line)
      },
    })
    const Printer = klaw.pyActorClass('log_shapes', 'Printer')
    await runtime.actor(Printer, { numCpus: 0 }).remote().say.remote('it')
    setInterval(() => {}, 1_000)
    `,
    {},
    'pipe',
  )
  const [stderr, [code]] = await Promise.all([text(program.stderr as NodeJS.ReadableStream), once(program, 'exit')])
  expect(stderr).toMatch(/Error: thrown at (says|warns of) it/)
  expect(code).toBe(1)
})

test('an option that is none is refused', async () => {
  const error = await rejection(session({ logToDriver: 'yes' as never }))
  expect(error).toEqual(new TypeError("'logToDriver' must be true, false or a function that takes lines, got 'yes'"))
})
