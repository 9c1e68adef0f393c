import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** One `ts` block of a document or a doc comment. */
export interface Example {
  /** The document, relative to the repository. */
  readonly document: string
  /** The line of the document on which the block's code begins, from 1. */
  readonly line: number
  readonly code: string
  /** The file that the block becomes. Those of one Markdown document, and those of all sources, can import each other. */
  readonly path: string
  readonly isRun: boolean
  /** It runs on a Ray cluster, and not without one. */
  readonly needsRay: boolean
}

/** The address that examples name for a cluster, which is whatever head the tests have. */
export const exampleAddress = 'ray://head:10001'
/** First line of a block whose `klaw` is a cluster. */
export const onRay = '// on Ray'

/** A Python module of the documents: a `python` block whose first line is `# name.py`. */
export interface PythonModule {
  readonly path: string
  readonly code: string
}

/** All `ts` blocks of README.md, docs/ and the doc comments of src/. */
export function findExamples(root: string): Example[] {
  const documents = ['README.md', ...filesIn(root, 'docs', '.md'), ...filesIn(root, 'src', '.ts')]
  const examples = documents.flatMap((document) => {
    const text = readFileSync(join(root, document), 'utf8')
    return blocksOf(document.endsWith('.ts') ? docCommentsOf(text) : text).map((block) => toExample(document, block))
  })
  const places = new Map<string, Example>()
  for (const example of examples) {
    const other = places.get(example.path)
    if (other !== undefined) throw new Error(`${example.document} and ${other.document} both have a ${example.path}`)
    places.set(example.path, example)
  }
  return examples
}

/** All Python modules of README.md and docs/. */
export function findPythonModules(root: string): PythonModule[] {
  const documents = ['README.md', ...filesIn(root, 'docs', '.md')]
  const blocks = documents.flatMap((document) => blocksOf(readFileSync(join(root, document), 'utf8'), 'python'))
  return blocks.flatMap(({ code }) => {
    const [, path] = /^# (\w+\.py)\b/.exec(code) ?? []
    return path === undefined ? [] : [{ path, code: `${code}\n` }]
  })
}

/** The code between two fences, and its first line's number. */
export interface Block {
  line: number
  code: string
}

/** The text with everything but its doc comments blanked, so that line numbers stay those of the file. */
export function docCommentsOf(source: string): string {
  let isComment = false
  return source
    .split('\n')
    .map((line) => {
      const starts = !isComment && /^\s*\/\*\*/.test(line)
      const isPart = isComment || starts
      if (isPart) isComment = !line.includes('*/')
      return isPart && !starts ? line.replace(/^\s*\* ?/, '').replace('*/', '') : ''
    })
    .join('\n')
}

/** The fenced blocks of a Markdown text that are in one language: `ts`, unless told otherwise. */
export function blocksOf(markdown: string, wanted = 'ts'): Block[] {
  const blocks: Block[] = []
  let open: { fence: string; indent: string; isWanted: boolean; line: number; lines: string[] } | undefined
  for (const [index, line] of markdown.split('\n').entries()) {
    const [, indent = '', fence = '', language = ''] = /^(\s*)(`{3,})\s*(\w*)/.exec(line) ?? []
    if (open === undefined) {
      if (fence === '') continue
      open = { fence, indent, isWanted: language === wanted, line: index + 2, lines: [] }
    } else if (fence === open.fence && language === '') {
      if (open.isWanted) blocks.push({ line: open.line, code: open.lines.join('\n') })
      open = undefined
    } else {
      open.lines.push(line.startsWith(open.indent) ? line.slice(open.indent.length) : line)
    }
  }
  if (open !== undefined) throw new Error(`the block at line ${open.line - 1} is not closed`)
  return blocks
}

function toExample(document: string, { line, code }: Block): Example {
  const slug = document.replaceAll(/[/.]/g, '-')
  const folder = document.startsWith('src/') ? 'src' : slug
  const fileName = /^\/\/ ([\w-]+\.ts)\b/.exec(code)?.[1] ?? `${slug}-${line}.ts`
  const needsRay = code.startsWith(onRay) || code.includes(exampleAddress)
  return { document, line, code, path: `${folder}/${fileName}`, isRun: !code.startsWith('// not run'), needsRay }
}

function filesIn(root: string, folder: string, ending: string): string[] {
  if (!existsSync(join(root, folder))) return []
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith(ending))
    .map((path) => `${folder}/${path.replaceAll('\\', '/')}`)
    .sort()
}
