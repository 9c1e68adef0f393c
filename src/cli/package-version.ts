import { readFileSync } from 'node:fs'

/** The version of this package. */
export function version(): string {
  // From `dist/cli/` and `src/cli/` alike.
  const file = new URL('../../package.json', import.meta.url)
  return (JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string }).version
}
