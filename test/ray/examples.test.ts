import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { addedLines } from '../support/examples/complete.ts'
import { type Example, findExamples } from '../support/examples/extract.ts'
import { type Outcome, runAll } from '../support/examples/run-all.ts'
import { exampleOptions } from '../support/examples/type-check.ts'
import { root, writeExamples } from '../support/examples/write.ts'

const folder = join(root, `.cache/ray-examples-${process.pid}`)
const all = findExamples(root)
const examples = all.filter(({ isRun, needsRay }) => isRun && needsRay)
const documents = new Set(examples.map(({ document }) => document))

let outcomes = new Map<string, Outcome>()

beforeAll(async () => {
  const written = all.filter(({ document }) => documents.has(document))
  writeExamples(written, folder, exampleOptions(join(root, 'tsconfig.json')), inject('rayAddress'))
  outcomes = await runAll(examples.map(fileOf), folder)
}, 600_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

test.each(examples.map((example) => [example.document, example.line, example] as const))(
  '%s, line %i',
  (document, line, example) => {
    expect(outcomes.get(fileOf(example)), `line ${1 + addedLines} is line ${line} of ${document}`).toBeUndefined()
  },
)

function fileOf({ path }: Example): string {
  return join(folder, path)
}
