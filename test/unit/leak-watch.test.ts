import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { MessageChannel, Worker } from 'node:worker_threads'
import { expect, onTestFinished, test } from 'vitest'
import { watchLeaks } from '../setup/leak-watch.ts'

const now = { patience: 50 }

test('a stretch of work that cleans up leaves nothing', async () => {
  const watch = watchLeaks()
  watch.start()
  await new Promise((resolve) => setTimeout(resolve, 5))
  expect(await watch.stop()).toEqual([])
})

test('what is on its way out is waited for', async () => {
  const watch = watchLeaks()
  watch.start()
  setTimeout(() => {}, 100)
  expect(await watch.stop()).toEqual([])
})

test('a leaked timer is named', async () => {
  const watch = watchLeaks()
  watch.start()
  const timer = setInterval(() => {}, 1_000)
  onTestFinished(() => clearInterval(timer))
  // The runner's own timers may be among those counted.
  expect(await watch.stop(now)).toEqual([expect.stringMatching(/^\d × Timeout$/)])
})

test('a leaked port is named', async () => {
  const watch = watchLeaks()
  watch.start()
  const { port1 } = new MessageChannel()
  port1.on('message', () => {})
  onTestFinished(() => port1.close())
  expect(await watch.stop(now)).toContain('1 × MessagePort')
})

test('a leaked worker thread is named even if it does not hold the process', async () => {
  const watch = watchLeaks()
  watch.start()
  const worker = new Worker('setInterval(() => {}, 1000)', { eval: true })
  onTestFinished(async () => void (await worker.terminate()))
  worker.unref()
  expect(await watch.stop(now)).toContain('1 × worker thread')
})

test('a test file fails for what it leaves behind, although each of its tests passes', async () => {
  const { code, output } = await runLeakyFiles()
  expect(code).not.toBe(0)
  expect(output).toMatch(/leaked-timer[\s\S]*1 × Timeout/)
  expect(output).toMatch(/unhandled-rejection[\s\S]*unhandled rejection: Error: nobody caught this/)
  // The two files, and the rejection that the runner reports on its own.
  expect(output.trimEnd().split('\n').at(-1)).toBe('3 passed, 3 failed')
})

function runLeakyFiles(): Promise<{ code: number | null; output: string }> {
  const root = fileURLToPath(new URL('../../', import.meta.url))
  const args = ['node_modules/vitest/vitest.mjs', 'run', '--config', 'test/fixtures/leaks/vitest.config.ts']
  const child = spawn(process.execPath, args, { cwd: root, env: { ...process.env, NO_COLOR: '1', VITEST: '' } })
  return new Promise((resolve, reject) => {
    let output = ''
    child.stdout.on('data', (chunk) => {
      output += chunk
    })
    child.stderr.on('data', (chunk) => {
      output += chunk
    })
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, output }))
  })
}
