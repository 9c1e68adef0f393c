import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { onTestFinished } from 'vitest'

/** A module that only the cluster loads: this process names it, as `actor(module, class …)`. Gone with the test. */
export interface StrangeModule {
  readonly url: string
  readonly path: string
}

/** Writes a module of this name down. */
export function strangeModule(name: string, text: string): StrangeModule {
  const folder = mkdtempSync(join(tmpdir(), 'klaw-module-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, name)
  writeFileSync(path, text)
  return { path, url: pathToFileURL(path).href }
}
