import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { threadArguments } from '../../../src/engine/local/exec-arguments.ts'

test.each([[[]], [['--import', 'tsx', '--max-old-space-size=100', '--expose-gc']], [['--conditions=x']]])(
  '%o can be taken over as they are',
  (given) => {
    expect(threadArguments(given)).toBeUndefined()
  },
)

test.each([
  [['--input-type=module', '-e', 'console.log(1)', '--no-warnings'], ['--no-warnings']],
  [['--expose-gc', '--eval=1', '--enable-source-maps'], ['--enable-source-maps']],
  [['-p', '1 + 1'], []],
  [
    ['--import', 'tsx', '--test', '--conditions=x', '-C', 'y'],
    ['--import', 'tsx', '--conditions=x', '-C', 'y'],
  ],
])('of %o a thread gets %o', async (given, kept) => {
  expect(threadArguments(given)).toEqual(kept)
  const worker = new Worker('', { eval: true, execArgv: kept.filter((argument) => !/import|tsx/.test(argument)) })
  expect(await new Promise((resolve) => worker.once('exit', resolve))).toBe(0)
})
