import { expect, test } from 'vitest'
import { threadArguments } from '../../../src/engine/local/exec-arguments.ts'

test.each([
  [[], []],
  [
    ['--import', 'tsx', '--max-old-space-size=100'],
    ['--import', 'tsx', '--max-old-space-size=100'],
  ],
  [['--input-type=module', '-e', 'console.log(1)', '--no-warnings'], ['--no-warnings']],
  [['--eval=1', '--enable-source-maps'], ['--enable-source-maps']],
  [['-p', '1 + 1'], []],
  [['--test', '--watch', '--conditions=x'], ['--conditions=x']],
])('of %o a thread takes over %o', (given, kept) => {
  expect(threadArguments(given)).toEqual(kept)
})
