import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { addedLines, complete, exportsOf } from '../support/examples/complete.ts'
import { type Example, findExamples } from '../support/examples/extract.ts'
import { type Outcome, runAll } from '../support/examples/run-all.ts'
import { exampleOptions, typeErrors } from '../support/examples/type-check.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
/** Inside the package, so that the examples import it by its name. */
const folder = join(root, `.cache/examples-${process.pid}`)
const options = exampleOptions(join(root, 'tsconfig.json'))
const examples = findExamples(root)

let errors = new Map<string, string[]>()
let outcomes = new Map<string, Outcome>()

beforeAll(async () => {
  // An example of an internal module uses that module, which the package does not export.
  const modules = [...new Set(examples.map(({ document }) => document))].filter((document) => document.endsWith('.ts'))
  const [exported = new Map(), ...internal] = exportsOf(
    ['dist/index.d.ts', ...modules].map((file) => join(root, file)),
    options,
  )
  for (const example of examples) {
    const file = fileOf(example)
    const own = internal[modules.indexOf(example.document)] ?? new Map()
    const sources = [
      { from: '@klaw/core', exports: exported },
      { from: relative(dirname(file), join(root, example.document)), exports: own },
    ]
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, complete(example.code, sources))
  }
  errors = typeErrors(examples.map(fileOf), options)
  outcomes = await runAll(examples.filter((example) => example.isRun).map(fileOf))
}, 300_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe.each([...new Set(examples.map((example) => example.document))])('%s', (document) => {
  const own = examples.filter((example) => example.document === document)
  test.each(own.map((example) => [example.line, example] as const))('line %i', (line, example) => {
    const file = fileOf(example)
    expect(errors.get(file), `type errors; line ${1 + addedLines} is line ${line} of ${document}`).toBeUndefined()
    if (example.isRun)
      expect(outcomes.get(file), `line ${1 + addedLines} is line ${line} of ${document}`).toBeUndefined()
  })
})

function fileOf({ path }: Example): string {
  return join(folder, path)
}
