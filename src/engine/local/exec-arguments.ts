/** Options of Node that say what its main script is, with whether a value follows as an argument of its own. */
const mainScriptOptions: ReadonlyMap<string, boolean> = new Map([
  ['-e', true],
  ['--eval', true],
  ['-p', true],
  ['-pe', true],
  ['--print', true],
  ['--input-type', false],
  ['-c', false],
  ['--check', false],
  ['-i', false],
  ['--interactive', false],
  ['--test', false],
  ['--watch', false],
  ['--watch-path', false],
])

/** The options of this process that its threads take over: all but those that name what the process itself runs. */
export function threadArguments(execArguments: readonly string[]): string[] {
  const kept: string[] = []
  for (let index = 0; index < execArguments.length; index++) {
    const argument = execArguments[index]!
    const [option] = argument.split('=', 1)
    const takesValue = mainScriptOptions.get(option!)
    if (takesValue === undefined) kept.push(argument)
    else if (takesValue && !argument.includes('=')) index++
  }
  return kept
}
