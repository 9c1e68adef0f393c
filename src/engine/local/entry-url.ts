/** Where the script of a spawned thread is: beside the built chunks, or in the sources when they run as they are. */
export function entryUrl(name: 'hub' | 'worker'): URL {
  return import.meta.url.endsWith('.ts')
    ? new URL(`../../entry/${name}.ts`, import.meta.url)
    : new URL(`./entry/${name}.js`, import.meta.url)
}
