/** Options of Node by which it finds its main script, other than a path. No thread can start with them. */
const mainScriptOptions = new Set([
  '-e',
  '--eval',
  '-p',
  '-pe',
  '--print',
  '--input-type',
  '-c',
  '--check',
  '-i',
  '--interactive',
  '--test',
])

/** Options that threads need in order to load the same modules. Each may be followed by its value. */
const loadingOptions = new Set([
  '--import',
  '-r',
  '--require',
  '--loader',
  '--experimental-loader',
  '-C',
  '--conditions',
  '--enable-source-maps',
  '--experimental-strip-types',
  '--experimental-transform-types',
  '--preserve-symlinks',
  '--no-warnings',
])

/**
 * What threads are to be started with instead of this process's own options; undefined when they can take over those.
 *
 * Given explicitly, only a few of Node's options are allowed, so that is done only when it must be.
 */
export function threadArguments(execArguments: readonly string[]): string[] | undefined {
  if (!execArguments.some((argument) => mainScriptOptions.has(nameOf(argument)))) return undefined
  const kept: string[] = []
  for (const [index, argument] of execArguments.entries()) {
    if (!loadingOptions.has(nameOf(argument))) continue
    kept.push(argument)
    const next = execArguments[index + 1]
    if (next !== undefined && !next.startsWith('-') && !argument.includes('=')) kept.push(next)
  }
  return kept
}

function nameOf(argument: string): string {
  return argument.split('=', 1)[0] as string
}
