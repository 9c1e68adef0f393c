import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** Runs once before all test files: they test what was built, so it must be built from the sources as they are now. */
export default function build(): void {
  execFileSync(process.execPath, [fileURLToPath(new URL('../../scripts/setup.mjs', import.meta.url))], {
    stdio: 'inherit',
  })
}
