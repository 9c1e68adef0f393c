import ts from 'typescript'

/** The compiler options of the repository, less the rules that an example cannot be asked to keep. */
export function exampleOptions(configFile: string): ts.CompilerOptions {
  const host = {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic(diagnostic: ts.Diagnostic): never {
      throw new Error(textOf(diagnostic))
    },
  }
  const parsed = ts.getParsedCommandLineOfConfigFile(configFile, {}, host)
  if (parsed === undefined) throw new Error(`${configFile} cannot be read`)
  return { ...parsed.options, noEmit: true, noUnusedLocals: false, noUnusedParameters: false }
}

/** What the compiler says about each file, as `line: message`. */
export function typeErrors(files: readonly string[], options: ts.CompilerOptions): Map<string, string[]> {
  const program = ts.createProgram(files, options)
  const errors = new Map<string, string[]>()
  for (const diagnostic of ts.getPreEmitDiagnostics(program)) {
    const file = diagnostic.file?.fileName ?? ''
    errors.set(file, [...(errors.get(file) ?? []), textOf(diagnostic)])
  }
  return errors
}

function textOf({ file, start, messageText }: ts.Diagnostic): string {
  const message = ts.flattenDiagnosticMessageText(messageText, '\n')
  if (file === undefined || start === undefined) return message
  return `${file.getLineAndCharacterOfPosition(start).line + 1}: ${message}`
}
