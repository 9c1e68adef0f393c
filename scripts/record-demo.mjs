/**
 * Runs the demo in a terminal and makes a picture of what that shows, for README.md and docs/demo.md. What it makes is committed.
 *
 *     node scripts/record-demo.mjs                               docs/demo.svg
 *     node scripts/record-demo.mjs --address ray://host:port     docs/demo-on-ray.svg
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { root } from './lib/paths.mjs'
import { Terminal } from './lib/terminal.mjs'
import { terminalSvg } from './lib/terminal-svg.mjs'

const columns = 104
/** Milliseconds between two screens: more are only more bytes. */
const interval = 500
/** Milliseconds that the picture takes at most: it is played faster where the demo has taken longer. */
const longest = 15_000

const options = process.argv.slice(2)
const args = ['--check', ...options]
const target = options.includes('--address') ? 'docs/demo-on-ray.svg' : 'docs/demo.svg'
const command = `npm run demo -- ${args.join(' ')}`

// Python, which Ray needs anyway, can give a program a terminal; Node can not without a native package.
const demo = [process.execPath, '--import', 'tsx', 'demo/main.ts', ...args]
const child = spawn('python3', [`${root}scripts/lib/in_terminal.py`, String(columns), ...demo], {
  cwd: root,
  stdio: ['ignore', 'pipe', 'inherit'],
})
child.stdout.setEncoding('utf8')

const terminal = new Terminal(columns)
terminal.write(`$ ${command}\n`)
const screens = [{ time: 0, lines: terminal.lines }]
const start = performance.now()
let next = interval
child.stdout.on('data', (chunk) => {
  terminal.write(chunk)
  const time = performance.now() - start
  if (time >= next) {
    screens.push({ time, lines: terminal.lines })
    next = time + interval
  }
})
const [code] = await once(child, 'close')
const time = performance.now() - start
if (code !== 0) throw new Error(`the demo ended with code ${code}\n${terminal.lines.join('\n')}`)

screens.push({ time, lines: terminal.lines })
const speed = Math.max(1, time / longest)
const title = speed > 1 ? `${command} (${speed.toFixed(1)} × as fast as it was)` : command
const played = screens.map((screen) => ({ ...screen, time: screen.time / speed }))
writeFileSync(`${root}${target}`, terminalSvg(title, played, columns))
console.log(`${target}: ${screens.length} screens in ${Math.round(time / 1_000)} s`)
