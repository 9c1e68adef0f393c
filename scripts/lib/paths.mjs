import { fileURLToPath } from 'node:url'

/** The repository's root folder, with a slash at the end. */
export const root = fileURLToPath(new URL('../../', import.meta.url))

/** Where generated files that can be thrown away live. Never packed, never committed. */
export const cache = `${root}.cache/`
