import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { addedLines } from '../support/examples/complete.ts'
import { type Example, findExamples } from '../support/examples/extract.ts'
import { type Outcome, runAll } from '../support/examples/run-all.ts'
import { exampleOptions, typeErrors } from '../support/examples/type-check.ts'
import { root, writeExamples } from '../support/examples/write.ts'

const folder = join(root, `.cache/examples-${process.pid}`)
const options = exampleOptions(join(root, 'tsconfig.json'))
const examples = findExamples(root)
/** Those for a cluster run in test/ray/examples.test.ts. */
const isRunHere = ({ isRun, needsRay }: Example) => isRun && !needsRay

let errors = new Map<string, string[]>()
let outcomes = new Map<string, Outcome>()

beforeAll(async () => {
  writeExamples(examples, folder, options)
  errors = typeErrors(examples.map(fileOf), options)
  outcomes = await runAll(examples.filter(isRunHere).map(fileOf))
}, 300_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe.each([...new Set(examples.map((example) => example.document))])('%s', (document) => {
  const own = examples.filter((example) => example.document === document)
  test.each(own.map((example) => [example.line, example] as const))('line %i', (line, example) => {
    const file = fileOf(example)
    expect(errors.get(file), `type errors; line ${1 + addedLines} is line ${line} of ${document}`).toBeUndefined()
    if (isRunHere(example))
      expect(outcomes.get(file), `line ${1 + addedLines} is line ${line} of ${document}`).toBeUndefined()
  })
})

function fileOf({ path }: Example): string {
  return join(folder, path)
}
