import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Counter } from './actors.ts'

/** Modules with an actor that nobody has seen yet. */
export class NewModules {
  #folder: string | undefined
  #count = 0

  /** Writes one, and loads it. */
  async next(): Promise<typeof Counter> {
    const path = join(this.#makeFolder(), `counter-${this.#count++}.ts`)
    writeFileSync(path, textOf(`${path} ${Date.now()}`))
    const made = (await import(pathToFileURL(path).href)) as { Counter: typeof Counter }
    return made.Counter
  }

  remove(): void {
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true })
    this.#folder = undefined
  }

  /** Within this package, so that it can be imported by its name. */
  #makeFolder(): string {
    if (this.#folder === undefined) {
      const parent = fileURLToPath(new URL('../../.cache/', import.meta.url))
      mkdirSync(parent, { recursive: true })
      this.#folder = mkdtempSync(join(parent, 'bench-modules-'))
    }
    return this.#folder
  }
}

function textOf(identity: string): string {
  return `import { actor } from '@klaw/core'

export const Counter = actor(
  import.meta,
  class Counter {
    name = ${JSON.stringify(identity)}
    total = 0

    add(amount) {
      this.total += amount
      return this.total
    }

    processes() {
      return [process.pid, process.ppid]
    }
  },
)
`
}
