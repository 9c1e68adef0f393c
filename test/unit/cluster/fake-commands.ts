import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished, vi } from 'vitest'

/** Folders of shell scripts that play the commands of a machine; the PATH holds `bin` and nothing of the real machine. */
export interface FakeMachine {
  readonly folder: string
  /** Writes a shell script and returns its path; a name without a slash is on the PATH. */
  command(name: string, script: string): string
}

export function fakeMachine(): FakeMachine {
  const folder = mkdtempSync(join(tmpdir(), 'klaw-fake-'))
  vi.stubEnv('PATH', join(folder, 'bin'))
  vi.stubEnv('KLAW_RAY', '')
  vi.stubEnv('XDG_CACHE_HOME', join(folder, 'cache'))
  onTestFinished(() => {
    vi.unstubAllEnvs()
    rmSync(folder, { recursive: true, force: true })
  })
  return {
    folder,
    command(name, script) {
      const file = join(folder, name.includes('/') ? name : `bin/${name}`)
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, `#!/bin/sh\nPATH=/usr/bin:/bin\n${script}\n`)
      chmodSync(file, 0o755)
      return file
    },
  }
}
