import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const run = promisify(execFile)

/** Runs a program that imports the package by its name. Fails if it does not end by itself. */
async function runProgram(code: string): Promise<string> {
  const cwd = fileURLToPath(new URL('.', import.meta.url))
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', code], { cwd, timeout: 30_000 })
  return stdout.trim()
}

test('a process with idle channels ends, also while something waits on them', async () => {
  const code = `
    import { broadcast, channel, oneshot, select, watch } from '@klaw/core/channel'
    const [tx, rx] = channel({ capacity: 1, ack: 'manual' })
    await tx.send(1)
    await rx.recv()
    void rx.recv()
    void tx.send(2)
    void tx.closed()
    void select({ rx })
    void oneshot()[1].recv()
    void broadcast()[1].recv()
    void watch(0)[1].changed()
    void channel()[1].readable().getReader().read()
    console.log('done')
  `
  // The delivery that is not acknowledged has a receiver that waits for it to be made again, so it holds the process for a while.
  expect(await runProgram(code.replace("ack: 'manual'", "ack: 'manual', ackTimeout: 50"))).toBe('done')
})

test('a delivery that nobody acknowledges and nobody waits for keeps no process alive', async () => {
  const started = performance.now()
  const code = `
    import { channel } from '@klaw/core/channel'
    const [tx, rx] = channel({ ack: 'manual', ackTimeout: 20_000 })
    await tx.send(1)
    console.log((await rx.recv()).value)
  `
  expect(await runProgram(code)).toBe('1')
  expect(performance.now() - started).toBeLessThan(20_000)
})

test('a timeout that is waited for keeps the process alive', async () => {
  const code = `
    import { after, channel, select } from '@klaw/core/channel'
    const [, rx] = channel()
    await rx.recv({ timeout: 20 }).catch((error) => console.log(error.code))
    console.log((await select({ rx, late: after(20) })).case)
  `
  expect(await runProgram(code)).toBe('CHANNEL_TIMEOUT\nlate')
})
