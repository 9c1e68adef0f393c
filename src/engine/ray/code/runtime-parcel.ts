import { access, readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { KlawError } from '../../../errors.ts'
import { makeParcel, type Parcel } from './parcel.ts'

/** Where the package lies, seen from `dist/`, in which everything is one level deep, and from here. */
const places = ['../', '../../../../']
const inParcel = 'node_modules/@klaw/core/'
/** What the Node child of an actor runs; where it is not, the package has not been built. */
const hostEntry = 'dist/entry/ray-host.js'
/** What nobody needs inside of a cluster. */
const leftOut = /^(cli\/|cluster\.js$)/
/** Source maps are not sent along, and Node would look for them: all of this is loaded in each process. */
const mapComment = /\n\/\/# sourceMappingURL=[^\n]*\s*$/

/**
 * This package as processes in the cluster get it: what was built, in a `node_modules` folder.
 *
 * @throws KlawError when what was built is not beside this file
 */
export async function runtimeParcel(): Promise<Parcel> {
  const root = await findRoot()
  const built = await readdir(`${root}dist`, { recursive: true })
  const paths = built
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path.endsWith('.js') && !leftOut.test(path))
    .map((path) => `dist/${path}`)
  const files = await Promise.all(
    ['package.json', ...paths].map(async (path) => {
      const text = await readFile(`${root}${path}`, 'utf8')
      return [`${inParcel}${path}`, Buffer.from(text.replace(mapComment, '\n'))] as const
    }),
  )
  return makeParcel(new Map(files))
}

async function findRoot(): Promise<string> {
  for (const place of places) {
    const root = fileURLToPath(new URL(place, import.meta.url))
    try {
      await access(`${root}${hostEntry}`)
      return root
    } catch {
      // Then it lies elsewhere, or nowhere.
    }
  }
  throw new KlawError(
    `the package's own files, with ${hostEntry}, were not found beside ${import.meta.url}: actors and tasks in TypeScript need @klaw/core as it is installed, not bundled into another file`,
  )
}
