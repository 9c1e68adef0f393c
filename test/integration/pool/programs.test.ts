import { expect, test } from 'vitest'
import { runNode } from '../../support/run-program.ts'

/** Runs a program that imports what pools need. */
function run(body: string) {
  return runNode([
    '--input-type=module',
    '--eval',
    `import { channel, connect, pool } from '@klaw/core'\nglobalThis.kept = []\n${body}`,
  ])
}

test('an error that nobody is there for ends the program, as of any async function', async () => {
  const end = await run(`
    const [tx, rx] = channel()
    pool(rx, () => { throw new RangeError('who sees this') }, { size: 1 })
    tx.trySend(1)
    setTimeout(() => console.log('it went on'), 10_000)
  `)
  expect(end).toMatchObject({ code: 1, stdout: '' })
  expect(end.stderr).toContain('RangeError: who sees this')
})

test('an idle pool over a channel of the process lets it end, also when its progress is watched and it scales', async () => {
  const end = await run(`
    const [tx, rx] = channel()
    const idle = pool(rx, () => {}, { scale: { min: 1, max: 4, idleTime: 60_000 }, size: 3 })
    kept.push(tx, rx, idle)
    ;(async () => { for await (const { size } of idle.progress({ interval: 60_000 })) console.log(size) })()
  `)
  expect(end).toMatchObject({ code: 0, stdout: '3\n', stderr: '' })
})

test('a pool that waits for items of another thread keeps the program alive, as a recv does, until its channel ends', async () => {
  const end = await run(`
    const klaw = await connect()
    const [tx, rx] = await klaw.channel()
    const waiting = klaw.pool(rx, (text) => console.log(text), { size: 1 })
    waiting.done.then(({ processed }) => console.log(processed))
    setTimeout(async () => { await tx.send('late'); await tx.close() }, 200).unref()
  `)
  expect(end).toMatchObject({ code: 0, stdout: 'late\n1\n', stderr: '' })
})
