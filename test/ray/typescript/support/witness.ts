import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { until } from '../../../support/until.ts'

/** A file in which actors and tasks write down what they do, whatever becomes of them. */
export class Witness {
  readonly path: string

  constructor() {
    const folder = mkdtempSync(join(tmpdir(), 'klaw-witness-'))
    this.path = join(folder, 'witness')
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  }

  get lines(): readonly string[] {
    try {
      return readFileSync(this.path, 'utf8').split('\n').slice(0, -1)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
      throw error
    }
  }

  count(line: string): number {
    return this.lines.filter((other) => other === line).length
  }

  /** Waits until the line stands there so many times. */
  async saw(line: string, times = 1): Promise<void> {
    await until(() => this.count(line) >= times)
  }

  /** Waits for a line that begins so; returns it. */
  async begins(start: string): Promise<string> {
    let found: string | undefined
    await until(() => {
      found = this.lines.find((line) => line.startsWith(start))
      return found !== undefined
    })
    return found as string
  }

  /** Node children that have begun to be an actor, with their parents, in order. */
  get births(): readonly { readonly child: number; readonly worker: number }[] {
    return this.lines.flatMap((line) => {
      const match = /^born (\d+) of (\d+)$/.exec(line)
      return match === null ? [] : [{ child: Number(match[1]), worker: Number(match[2]) }]
    })
  }
}
