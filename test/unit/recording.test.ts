import { describe, expect, test } from 'vitest'
import { Terminal } from '../../scripts/lib/terminal.mjs'
import { terminalSvg } from '../../scripts/lib/terminal-svg.mjs'

/** What it shows after these pieces. */
function shown(...pieces: string[]): readonly string[] {
  const terminal = new Terminal(10)
  for (const piece of pieces) terminal.write(piece)
  return terminal.lines
}

describe('a terminal for recordings', () => {
  test('shows lines, and breaks those that are too long', () => {
    expect(shown('one\r\ntwo\n\nfour')).toEqual(['one', 'two', '', 'four'])
    expect(shown('0123456789ab')).toEqual(['0123456789', 'ab'])
    expect(shown('\u001b[?7l0123456789ab\u001b[?7h\r\n')).toEqual(['012345678b', ''])
  })

  test('writes over what a progress bar has shown', () => {
    expect(shown('\u001b7\u001b[?25l\u001b[1G10 %\u001b[0K', '\u001b[1G9\u001b[0K\u001b[?25h\u001b8')).toEqual(['9'])
    expect(shown('done\rD')).toEqual(['Done'])
  })

  test('takes sequences that are cut, and leaves out colours', () => {
    expect(shown('a\u001b', '[1', 'mb\u001b[0mc')).toEqual(['abc'])
  })

  test('refuses what it can not show', () => {
    expect(() => shown('\u001b[2J')).toThrow('does not know')
  })
})

test('a picture has each line as long as it was there, and keeps the last one', () => {
  const screens = [
    { time: 0, lines: ['$ demo', ''] },
    { time: 500, lines: ['$ demo', '10 % <&>'] },
    { time: 1_250, lines: ['$ demo', 'done'] },
  ]
  const lines = terminalSvg('demo', screens, 20).split('\n')
  expect(lines.filter((line) => line.includes('$ demo'))).toEqual([expect.not.stringContaining('<set')])
  expect(lines.find((line) => line.includes('10 %'))).toMatch(
    /visibility="hidden">10 % &lt;&amp;&gt;<set attributeName="visibility" to="visible" begin="0.50s" end="1.25s"\/><\/text>$/,
  )
  expect(lines.find((line) => line.includes('done'))).toMatch(
    />done<set attributeName="visibility" to="hidden" begin="0s" end="1.25s"\/><\/text>$/,
  )
})
