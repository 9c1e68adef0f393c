import ts from 'typescript'
import { exampleAddress, onRay } from './extract.ts'

/** What a module exports by name: a value, or only a type. */
export type Exports = ReadonlyMap<string, 'value' | 'type'>

/** A module that an example may use without importing it. */
export interface Source {
  /** As an import names it. */
  readonly from: string
  readonly exports: Exports
}

/** With the Python modules of the documents. */
const cluster = `'${exampleAddress}', { runtimeEnv: { working_dir: 'python' } }`

/**
 * Adds what a short example leaves out, on one line before it: imports, from the first source that has the name, and the
 * channel or runtime that it uses without declaring it.
 */
export function complete(code: string, sources: readonly Source[]): string {
  const { used, declared } = namesIn(code)
  const isMissing = (name: string) => used.has(name) && !declared.has(name)
  const prelude: string[] = []
  const needed = new Set([...used].filter((name) => !declared.has(name)))

  if (isMissing('klaw')) {
    needed.add('connect')
    prelude.push(`await using klaw = await connect(${code.startsWith(onRay) ? cluster : ''})`)
  }
  if (isMissing('tx') || isMissing('rx')) {
    needed.add('channel')
    prelude.push('const [tx, rx] = channel<any>({ capacity: 16 })')
    // Nobody sends in an example that shows receiving alone: it must find items, and an end.
    if (!isMissing('tx')) prelude.push('for (const item of [1, 2, 3]) await tx.send(item)', 'await tx.close()')
  }
  for (const { from, exports } of sources) {
    const own = [...needed].filter((name) => exports.has(name))
    for (const name of own) needed.delete(name)
    const specifiers = own.map((name) => (exports.get(name) === 'type' ? `type ${name}` : name))
    if (specifiers.length > 0) prelude.unshift(`import { ${specifiers.join(', ')} } from '${from}'`)
  }
  // A module, even if it imports nothing, so that it has its own names and may await.
  return `${[...prelude, 'export {}'].join('; ')}\n${code}\n`
}

/** How many lines `complete` puts before the example. */
export const addedLines = 1

/** The names that each of the modules exports, by its declarations. */
export function exportsOf(files: readonly string[], options: ts.CompilerOptions): Exports[] {
  const program = ts.createProgram(files, options)
  const checker = program.getTypeChecker()
  const kindOf = (symbol: ts.Symbol) => {
    const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
    return target.flags & ts.SymbolFlags.Value ? 'value' : 'type'
  }
  return files.map((file) => {
    const source = program.getSourceFile(file)
    const module = source === undefined ? undefined : checker.getSymbolAtLocation(source)
    if (module === undefined) throw new Error(`${file} is not a module`)
    return new Map(checker.getExportsOfModule(module).map((symbol) => [symbol.name, kindOf(symbol)]))
  })
}

function namesIn(code: string): { used: Set<string>; declared: Set<string> } {
  const used = new Set<string>()
  const declared = new Set<string>()
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) {
      if (isDeclaration(node)) declared.add(node.text)
      else if (!isMemberName(node)) used.add(node.text)
    }
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile('example.ts', code, ts.ScriptTarget.Latest, true))
  return { used, declared }
}

function isDeclaration(name: ts.Identifier): boolean {
  const { parent } = name
  const declares =
    ts.isVariableDeclaration(parent) ||
    ts.isBindingElement(parent) ||
    ts.isParameter(parent) ||
    ts.isFunctionLike(parent) ||
    ts.isClassLike(parent) ||
    ts.isInterfaceDeclaration(parent) ||
    ts.isTypeAliasDeclaration(parent) ||
    ts.isTypeParameterDeclaration(parent) ||
    ts.isImportSpecifier(parent) ||
    ts.isImportClause(parent) ||
    ts.isNamespaceImport(parent)
  return declares && parent.name === name && !isMemberName(name)
}

/** `b` in `a.b`, `{ b: 1 }`, `class { b() {} }`, `const { b: c } = d`: no name of a variable. */
function isMemberName(name: ts.Identifier): boolean {
  const { parent } = name
  if (ts.isPropertyAccessExpression(parent)) return parent.name === name
  if (ts.isQualifiedName(parent)) return parent.right === name
  if (ts.isBindingElement(parent)) return parent.propertyName === name
  if (ts.isImportSpecifier(parent)) return parent.propertyName === name
  return (
    (ts.isPropertyAssignment(parent) ||
      ts.isMethodDeclaration(parent) ||
      ts.isPropertyDeclaration(parent) ||
      ts.isPropertySignature(parent) ||
      ts.isMethodSignature(parent) ||
      ts.isAccessor(parent)) &&
    parent.name === name
  )
}
