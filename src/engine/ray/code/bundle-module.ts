import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { BuildFailure, BuildOptions, BuildResult, OutputFile } from 'esbuild'
import { KlawError } from '../../../errors.ts'
import { clusterModules, commonJsNames } from './bundle-plugin.ts'
import { problemsOf } from './bundle-problems.ts'
import { adjustSourceMap, noFile } from './source-map.ts'

/** A module and all that it imports, as one file that runs on Node. */
export interface Bundle {
  /** `module.mjs`, and its source map. */
  readonly files: ReadonlyMap<string, Uint8Array>
  /** The absolute paths of the files that went into it. */
  readonly inputs: readonly string[]
}

type Build = (options: BuildOptions) => Promise<BuildResult>

const moduleName = 'module.mjs'
const mapName = `${moduleName}.map`

/** What CommonJS modules call, where esbuild could not tell what for. One line. */
const requireText =
  "import { createRequire as __klawRequire } from 'node:module'; const require = __klawRequire(import.meta.url);\n"
/** esbuild's own helper for that: where it is, nothing else in the module's scope is called `require`. */
const requireHelper = /^var __require = /m

/**
 * Bundles the module of a URL for a cluster. The same files make the same bytes, wherever the process was started.
 *
 * @throws KlawError that says which file imports what can not be had in a cluster, or what else is wrong, and where
 */
export async function bundleModule(url: string): Promise<Bundle> {
  const entry = fileOf(url)
  const folder = dirname(entry)
  const build = await loadEsbuild()
  const { outputFiles, metafile } = await build(optionsFor(entry, folder)).catch((error: unknown) => {
    throw new KlawError(`${url} can not be bundled for the cluster: ${problemsOf(error as BuildFailure, folder)}`)
  })
  const inputs = Object.keys(metafile?.inputs ?? {})
    .filter((input) => !noFile.test(input))
    .map((input) => resolve(folder, input))
  return { files: filesOf(outputFiles ?? [], folder), inputs }
}

function fileOf(url: string): string {
  if (URL.canParse(url) && new URL(url).protocol === 'file:') return fileURLToPath(url)
  throw new KlawError(
    `${url} can not be bundled for the cluster: it is not a file. Actors and tasks on Ray stand in modules that are files on this machine`,
  )
}

async function loadEsbuild(): Promise<Build> {
  try {
    // Not before the first actor or task in TypeScript.
    const { build } = await import('esbuild')
    return build
  } catch (cause) {
    throw new KlawError("the package 'esbuild', which bundles actors and tasks for the cluster, can not be loaded", {
      cause,
    })
  }
}

function optionsFor(entry: string, folder: string): BuildOptions {
  return {
    entryPoints: [entry],
    // What esbuild writes about paths is relative to this.
    absWorkingDir: folder,
    outfile: resolve(folder, moduleName),
    write: false,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    // As Node itself: esbuild would add one of its own, by which packages offer what only bundlers understand.
    conditions: [],
    keepNames: true,
    sourcemap: 'linked',
    sourcesContent: true,
    legalComments: 'none',
    charset: 'utf8',
    inject: [commonJsNames],
    plugins: [clusterModules],
    metafile: true,
    logLevel: 'silent',
  }
}

function filesOf(outputs: readonly OutputFile[], folder: string): ReadonlyMap<string, Uint8Array> {
  const text = (name: string) => outputs.find(({ path }) => path.endsWith(name))?.text ?? ''
  const module = text(moduleName)
  const needsRequire = requireHelper.test(module)
  const map = adjustSourceMap(text(mapName), folder, needsRequire ? 1 : 0)
  return new Map([
    [moduleName, Buffer.from(needsRequire ? requireText + module : module)],
    [mapName, Buffer.from(map)],
  ])
}
