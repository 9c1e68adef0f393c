import { expect, test } from 'vitest'
import { logLines } from '../../../src/engine/ray/bootstrap/log-line.ts'
import { logPrinter } from '../../../src/engine/ray/bootstrap/log-printer.ts'

const stdout = -1
const stderr = -2
const lines = (msg: string, level = stdout, name = '') => logLines({ msg, level, name })
const line = (text: string) => lines(text)[0]

test('a record is its lines, each with who wrote it', () => {
  expect(
    lines('\x1b[36m(Counter pid=12, ip=10.0.0.2)\x1b[0m one\n\x1b[36m(Counter pid=12, ip=10.0.0.2)\x1b[0m two\n'),
  ).toEqual([
    { stream: 'stdout', line: 'one', name: 'Counter', pid: 12, ip: '10.0.0.2' },
    { stream: 'stdout', line: 'two', name: 'Counter', pid: 12, ip: '10.0.0.2' },
  ])
  expect(lines('(mean pid=7) oh\n', stderr)).toEqual([
    { stream: 'stderr', line: 'oh', name: 'mean', pid: 7, ip: undefined },
  ])
})

test('prefixes of all kinds, and texts that look like them', () => {
  expect(line('(pid=3) early')).toMatchObject({ line: 'early', name: undefined, pid: 3 })
  expect(line('\x1b[95m(pid=3)\x1b[0m (pid=4) early')).toMatchObject({ line: '(pid=4) early', pid: 3 })
  expect(line('(Pair(1, 2) pid=3) of a class with a repr')).toMatchObject({
    name: 'Pair(1, 2)',
    pid: 3,
    line: 'of a class with a repr',
  })
  expect(line('\x1b[33m(raylet)\x1b[0m a worker died')).toMatchObject({
    name: 'raylet',
    pid: undefined,
    line: 'a worker died',
  })
  expect(line('(raylet, ip=10.0.0.2) a worker died')).toMatchObject({ name: 'raylet', ip: '10.0.0.2' })
  expect(line('(autoscaler +1m3s) Tip')).toMatchObject({ name: 'autoscaler', pid: undefined, line: 'Tip' })
  expect(line('(Counter pid=1) \x1b[31mred\x1b[0m')).toMatchObject({ line: '\x1b[31mred\x1b[0m' })
  expect(line('(Counter pid=1) ')).toMatchObject({ line: '', name: 'Counter' })
  expect(line('(Counter pid=1) a\rb\u2028c')).toMatchObject({ line: 'a\rb\u2028c' })
  expect(line('no prefix (Counter pid=1) here')).toMatchObject({
    line: 'no prefix (Counter pid=1) here',
    name: undefined,
  })
})

test('of what Ray says itself, warnings and worse', () => {
  expect(lines('connected', 20, 'ray.util.client')).toEqual([])
  expect(lines('too many\nclients', 30, 'ray.util.client')).toEqual([
    { stream: 'stderr', line: 'too many', name: 'ray.util.client', pid: undefined, ip: undefined },
    { stream: 'stderr', line: 'clients', name: 'ray.util.client', pid: undefined, ip: undefined },
  ])
  expect(lines('', stdout)).toEqual([])
})

test('lines are printed as Ray does, in colours where the user wants them', () => {
  const written: string[] = []
  const output = (name: string, colors?: boolean) => ({
    write: (text: string) => void written.push(`${name}: ${text}`),
    ...(colors === undefined ? {} : { hasColors: () => colors }),
  })
  const print = logPrinter(output('out'), output('err', true))
  for (const text of ['(Counter pid=1, ip=10.0.0.2) a\n', '(raylet) b\n', 'c\n']) lines(text).forEach(print)
  for (const text of ['(Counter pid=1) d\n', '(pid=1) e\n', 'f\n']) lines(text, stderr).forEach(print)
  expect(written).toEqual([
    'out: (Counter pid=1, ip=10.0.0.2) a\n',
    'out: (raylet) b\n',
    'out: c\n',
    'err: \x1b[36m(Counter pid=1)\x1b[0m d\n',
    'err: \x1b[36m(pid=1)\x1b[0m e\n',
    'err: f\n',
  ])
})
