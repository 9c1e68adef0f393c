import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { OnResolveArgs, OnResolveResult, Plugin } from 'esbuild'

/** What modules of ours are called that no file has. */
const ownNamespace = 'klaw'

/** Imported by every module that uses one of the names that only CommonJS has. */
export const commonJsNames = 'klaw:commonjs-names'

/** Stays outside of the bundle, so that the module and the process that runs it see one package. */
const shared = new Set(['@klaw/core', '@klaw/core/channel'])

/** Packages that look for a compiled addon beside the package that asks them to. */
const addonFinders = /^(bindings|node-gyp-build|node-gyp-build-optional-packages|(@mapbox\/)?node-pre-gyp)$/

const commonJsText = `
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
export const __filename = /* @__PURE__ */ fileURLToPath(import.meta.url)
export const __dirname = /* @__PURE__ */ dirname(/* @__PURE__ */ fileURLToPath(import.meta.url))
`

/** Decides what goes into a bundle for the cluster, and refuses what can not. Errors get their place, file and line, from esbuild. */
export const clusterModules: Plugin = {
  name: 'klaw',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^klaw:/ }, ({ path }) => ({ path, namespace: ownNamespace }))
    onResolve({ filter: /^@klaw\/core(\/|$)/ }, resolveOwnPackage)
    onResolve({ filter: /^https?:/ }, ({ path }) =>
      refusal(`'${path}' is not a file: only files, and packages that are installed here, can be bundled`),
    )
    onResolve({ filter: /^file:/ }, ({ path }) => ({ path: fileURLToPath(path) }))
    onResolve({ filter: /\.node$/ }, ({ path }) =>
      refusal(
        `'${path}' is a native addon, which is compiled for one machine: actors and tasks on Ray are bundled from JavaScript, TypeScript and JSON only. Use a package without one, or ask an actor in Python`,
      ),
    )
    onResolve({ filter: addonFinders }, ({ path, importer }) => ({
      path: `klaw:no-addon:${importer}`,
      namespace: ownNamespace,
      pluginData: `${path}, asked by ${importer}`,
    }))
    onLoad({ filter: /.*/, namespace: ownNamespace }, ({ path, pluginData }) => ({
      contents: textOf(path, pluginData as string),
      loader: 'js',
    }))
  },
}

function resolveOwnPackage({ path, kind }: OnResolveArgs): OnResolveResult | undefined {
  if (shared.has(path)) {
    // Node 20 can not `require` it: what CommonJS asks for is imported.
    return kind === 'require-call'
      ? { path: `klaw:shared:${path}`, namespace: ownNamespace }
      : { path, external: true, sideEffects: false }
  }
  if (extname(path) === '.json') return undefined
  return refusal(
    path === '@klaw/core/cluster'
      ? "'@klaw/core/cluster' starts clusters on this machine and is not there inside of one: import it elsewhere than in modules of actors and tasks"
      : `'${path}' is no part of this package that actors and tasks can use: import '@klaw/core' or '@klaw/core/channel'`,
  )
}

function textOf(path: string, about: string): string {
  if (path === commonJsNames) return commonJsText
  const [, shared] = /^klaw:shared:(.*)$/.exec(path) ?? []
  if (shared !== undefined) return `export * from ${JSON.stringify(shared)}`
  // Not refused here: many packages try one, and do without where there is none.
  const message = `native addons can not be used in actors and tasks on Ray (${about})`
  const refuse = `() => { throw Object.assign(new Error(${JSON.stringify(message)}), { code: 'MODULE_NOT_FOUND' }) }`
  return `const refuse = ${refuse}
module.exports = refuse
module.exports.default = module.exports.find = module.exports.path = module.exports.resolve = refuse`
}

function refusal(text: string): OnResolveResult {
  return { errors: [{ text }] }
}
