import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { identify, isRunning, processTree, signalProcess } from '../../../src/cluster/process-table.ts'

test('a process is known by its id and the time of its start', () => {
  const self = identify(process.pid)
  expect(self).toEqual({ pid: process.pid, started: expect.stringMatching(/\d/) })
  expect(isRunning(self!)).toBe(true)
  // Another process with the same id, or this one before it.
  const other = { pid: process.pid, started: 'another time' }
  expect(isRunning(other)).toBe(false)
  expect(processTree(other)).toEqual([])
  signalProcess(other, 'SIGKILL')
})

test('a tree holds a process and what is below it', async () => {
  const child = spawn(process.execPath, [
    '-e',
    `const { spawn } = require('node:child_process')
     const below = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
     console.log(below.pid)
     setInterval(() => {}, 1000)`,
  ])
  const [below] = (await once(child.stdout, 'data')) as [Buffer]
  const tree = processTree(identify(child.pid!)!)
  expect(tree.map(({ pid }) => pid)).toEqual([child.pid, Number(below)])
  for (const identity of tree) signalProcess(identity, 'SIGKILL')
  await once(child, 'close')
  expect(isRunning(tree[0]!)).toBe(false)
})
