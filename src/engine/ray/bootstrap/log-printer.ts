import type { LogLine } from './log-line.ts'

/** What lines are printed to: `process.stdout`, for instance. */
export interface LogOutput {
  write(text: string): unknown
  /** Of terminals: whether the user wants colours. */
  hasColors?(): boolean
}

const cyan = '\x1b[36m'
const plain = '\x1b[0m'

/** Prints lines as Ray's drivers do: `(Counter pid=1234, ip=10.0.0.2) text`, each to the stream that it was written to. */
export function logPrinter(stdout: LogOutput, stderr: LogOutput): (line: LogLine) => void {
  return (line) => {
    const output = line.stream === 'stdout' ? stdout : stderr
    const prefix = prefixOf(line)
    const shown = prefix === '' ? '' : output.hasColors?.() === true ? `${cyan}${prefix}${plain} ` : `${prefix} `
    output.write(`${shown}${line.line}\n`)
  }
}

function prefixOf({ name, pid, ip }: LogLine): string {
  const who = [name, pid === undefined ? undefined : `pid=${pid}`].filter((part) => part !== undefined).join(' ')
  if (who === '') return ''
  return ip === undefined ? `(${who})` : `(${who}, ip=${ip})`
}
