import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import type ts from 'typescript'
import { complete, exportsOf } from './complete.ts'
import { type Example, exampleAddress, findPythonModules } from './extract.ts'

export const root = fileURLToPath(new URL('../../../', import.meta.url))

/**
 * Writes examples, completed, and the documents' Python modules, into a folder.
 *
 * @param folder inside the package, so that the examples import it by its name
 * @param address of the cluster that those mean which name one
 */
export function writeExamples(
  examples: readonly Example[],
  folder: string,
  options: ts.CompilerOptions,
  address: string = exampleAddress,
): void {
  // An example of an internal module uses that module, which the package does not export.
  const modules = [...new Set(examples.map(({ document }) => document))].filter((document) => document.endsWith('.ts'))
  const [exported = new Map(), ...internal] = exportsOf(
    ['dist/index.d.ts', ...modules].map((file) => join(root, file)),
    options,
  )
  for (const example of examples) {
    const file = join(folder, example.path)
    const own = internal[modules.indexOf(example.document)] ?? new Map()
    const sources = [
      { from: '@klaw/core', exports: exported },
      { from: relative(dirname(file), join(root, example.document)), exports: own },
    ]
    write(file, complete(example.code, sources).replaceAll(exampleAddress, address))
  }
  for (const { path, code } of findPythonModules(root)) write(join(folder, 'python', path), code)
}

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
}
