import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { KlawError } from '../../../errors.ts'

const typeScriptFile = /\.[cm]?tsx?$/
/**
 * Loaders that users may have started Node with, and that bring TypeScript to its threads too. tsx is none of them: on a Node that
 * does not strip types by itself, `--import tsx` has no effect outside the main thread.
 */
const knownLoader = /(^|[/\\=])(ts-node|tsimp|@swc-node|@oxc-node|esbuild-register|@babel)\b/
const tsxLoader = /(^|[/\\=])tsx\b/

/** Makes TypeScript modules loadable in this thread, if they are not yet. */
export class TypeScriptSupport {
  #ready: Promise<void> | undefined

  /** Settles when the module can be imported as far as its language goes. */
  async prepareFor(module: string): Promise<void> {
    // A program that runs under tsx may import TypeScript from JavaScript.
    if (hasTypeScript() || !(isTypeScript(module) || startedWith(tsxLoader))) return
    this.#ready ??= registerTsx(module)
    await this.#ready
  }
}

function isTypeScript(module: string): boolean {
  return URL.canParse(module) && typeScriptFile.test(new URL(module).pathname)
}

/** Whether this Node strips types by itself, or was started with a loader that does. */
function hasTypeScript(): boolean {
  const { typescript } = process.features as { typescript?: unknown }
  if (typescript !== undefined && typescript !== false) return true
  return startedWith(knownLoader)
}

function startedWith(loader: RegExp): boolean {
  const options = (process.env.NODE_OPTIONS ?? '').split(/\s+/)
  return [...process.execArgv, ...options].some((argument) => loader.test(argument))
}

async function registerTsx(module: string): Promise<void> {
  for (const from of [module, import.meta.url]) {
    const url = tsxUrl(from)
    if (url === undefined) continue
    const api = (await import(url)) as { register(): unknown }
    api.register()
    return
  }
  throw new KlawError(
    `${module} is TypeScript, which Node ${process.version} can not load: use Node 22.18 or newer, install 'tsx' beside the module, or compile it`,
  )
}

/** Where tsx's interface for ES modules is, as seen from a module; undefined when it is not installed there. */
function tsxUrl(from: string): string | undefined {
  let manifest: string
  try {
    manifest = createRequire(from).resolve('tsx/package.json')
  } catch {
    return undefined
  }
  // `require.resolve` alone would find the interface for CommonJS, which does not load ES modules.
  const { exports } = JSON.parse(readFileSync(manifest, 'utf8')) as TsxManifest
  return new URL(exports['./esm/api'].import.default, pathToFileURL(manifest)).href
}

interface TsxManifest {
  readonly exports: { readonly './esm/api': { readonly import: { readonly default: string } } }
}
