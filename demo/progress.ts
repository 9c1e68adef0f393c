import { type Options, Presets, SingleBar } from 'cli-progress'
import { count, megabytes, rate, shares } from './format.ts'

/** How far the work is. */
export interface Snapshot {
  /** Files dealt with. */
  readonly files: number
  /** How many there will be; undefined as long as that is not known. */
  readonly expected: number | undefined
  /** Bytes of text. */
  readonly bytes: number
  /** Of these, what each counter has read; empty when there are none. */
  readonly shares: readonly number[]
}

/** Where progress is shown: a terminal, or anything that takes lines. */
export interface Screen {
  readonly isTTY?: boolean
  write(text: string): unknown
}

const barMs = 100
const linesMs = 1_000

/**
 * Shows the progress of some work until it is disposed of: a live bar on a terminal, a plain line every second elsewhere.
 * It asks for the state when it draws, so the work does not have to report anything.
 */
export function showProgress(label: string, screen: Screen, state: () => Snapshot): Disposable {
  const start = performance.now()
  const line = () => progressLine(state(), performance.now() - start)
  return screen.isTTY === true ? liveBar(label, screen, state, line) : plainLines(label, screen, line)
}

/** One line of progress: files, megabytes, rate, and the share of each counter. */
export function progressLine(snapshot: Snapshot, milliseconds: number): string {
  const { files, expected, bytes } = snapshot
  const parts = [
    expected === undefined ? `${count(files)} files` : `${count(files)} of ${count(expected)} files`,
    megabytes(bytes),
    rate(bytes, milliseconds),
  ]
  if (snapshot.shares.length > 0) parts.push(`shares ${shares(snapshot.shares)}`)
  return parts.join(' · ')
}

function liveBar(label: string, screen: Screen, state: () => Snapshot, line: () => string): Disposable {
  const options: Options = {
    format: `${label} {bar} {percentage}% · {line}`,
    stream: screen as NodeJS.WritableStream,
    barsize: 20,
    fps: 1_000 / barMs,
    hideCursor: true,
    emptyOnZero: true,
  }
  const bar = new SingleBar(options, Presets.shades_classic)
  const draw = () => {
    const { files, expected } = state()
    bar.setTotal(expected ?? 0)
    // A bar without a total is empty; files beyond a stale one would overfill it.
    bar.update(expected === undefined ? 0 : Math.min(files, expected), { line: line() })
  }
  bar.start(0, 0, { line: line() })
  const timer = setInterval(draw, barMs)
  return {
    [Symbol.dispose]() {
      clearInterval(timer)
      draw()
      bar.stop()
    },
  }
}

function plainLines(label: string, screen: Screen, line: () => string): Disposable {
  const draw = () => screen.write(`${label}: ${line()}\n`)
  const timer = setInterval(draw, linesMs)
  return {
    [Symbol.dispose]() {
      clearInterval(timer)
      draw()
    },
  }
}
