import { readFileSync } from 'node:fs'

const modules = new URL('../../node_modules/', import.meta.url)

/** The name of a package with the version that is installed. */
export function versioned(name: string): string {
  const { version } = JSON.parse(readFileSync(new URL(`${name}/package.json`, modules), 'utf8')) as { version: string }
  return `${name} ${version}`
}

/** Something that belongs to Node, with its version. */
export function ofNode(name: string): string {
  return `${name} (Node ${process.versions.node})`
}

const own = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }

/** How our side is called in reports. */
export const klaw = `klaw ${own.version}`
