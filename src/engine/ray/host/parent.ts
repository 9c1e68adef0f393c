import type { Readable } from 'node:stream'
import { KlawError } from '../../../errors.ts'

/** What a Node child is told at its start: docs/gateway.md, "TypeScript inside the cluster". */
export interface HostStart {
  /** Where the session's agent is, in the parent. */
  readonly agent: { readonly host: string; readonly port: number; readonly token: string; readonly tls: boolean }
  /** Of names that do not say. */
  readonly namespace: string
  /** The address to listen on for callers. */
  readonly listen: string
}

/** Bytes of the longest first line that makes sense. */
const longestLine = 64 * 1024

/**
 * Reads the first line of `input`, a pipe from the parent, and calls `gone` when the pipe ends, at any time: then there is no parent any more.
 * The pipe is what keeps the process alive.
 *
 * @throws KlawError (rejects) when the line is not what a parent says
 */
export function followParent(input: Readable, gone: () => void): Promise<HostStart> {
  let line = Buffer.alloc(0)
  let isOver = false
  const end = () => {
    if (isOver) return
    isOver = true
    gone()
  }
  for (const event of ['end', 'close', 'error']) input.on(event, end)
  return new Promise((resolve, reject) => {
    const collect = (bytes: Buffer) => {
      line = Buffer.concat([line, bytes])
      const length = line.indexOf('\n')
      if (length < 0 && line.length <= longestLine) return
      input.off('data', collect)
      // Whatever else comes is read, so that its end is noticed.
      input.resume()
      try {
        resolve(parseStart(line.toString('utf8', 0, length < 0 ? longestLine : length)))
      } catch (error) {
        reject(error)
      }
    }
    input.on('data', collect)
  })
}

function parseStart(line: string): HostStart {
  let start: unknown
  try {
    start = JSON.parse(line)
  } catch (cause) {
    throw new KlawError('the first line of standard input is not JSON: this program is started by klaw', { cause })
  }
  const { agent, namespace, listen } = (start ?? {}) as Partial<HostStart>
  const { host, port, token, tls } = agent ?? {}
  const right =
    [host, token, namespace, listen].every((part) => typeof part === 'string') &&
    Number.isInteger(port) &&
    typeof tls === 'boolean'
  if (!right) throw new KlawError('the first line of standard input lacks something: this program is started by klaw')
  return start as HostStart
}
