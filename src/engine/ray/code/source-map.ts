import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

interface SourceMap {
  sources: string[]
  sourcesContent?: (string | null)[]
  mappings: string
}

/** How esbuild calls what is in a bundle and was never a file: modules of ours, and `data:` URLs. */
export const noFile: RegExp = /^(klaw:|<)/

const installed = /[\\/]node_modules[\\/]/

/**
 * Makes a bundle's source map good for another machine: stacks name the files as they are called here. Only the texts of the program's own files
 * are kept, since Node reads the whole map with the module.
 *
 * @param folder what the map's paths are relative to
 * @param added lines that stand before the bundle
 */
export function adjustSourceMap(text: string, folder: string, added: number): string {
  const map = JSON.parse(text) as SourceMap
  const paths = map.sources.map((source) => resolve(folder, source))
  map.sourcesContent = paths.map((path, index) => (installed.test(path) ? null : (map.sourcesContent?.[index] ?? null)))
  map.sources = map.sources.map((source, index) =>
    noFile.test(source) ? source : pathToFileURL(paths[index] as string).href,
  )
  map.mappings = ';'.repeat(added) + map.mappings
  return JSON.stringify(map)
}
