/**
 * Checks what browsers get: the built dist/channel.js and all that it loads are free of Node's modules and of packages,
 * and small. Prints the sizes.
 */
import { builtinModules } from 'node:module'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { root } from './lib/paths.mjs'

/** What we aim at, and what we refuse, in bytes of minified and gzipped code. */
const aim = 10_240
const limit = 12_288

const kilobytes = (/** @type {number} */ bytes) => `${(bytes / 1024).toFixed(1)} KB`

const { outputFiles, metafile } = await build({
  entryPoints: [`${root}dist/channel.js`],
  absWorkingDir: root,
  bundle: true,
  minify: true,
  write: false,
  metafile: true,
  format: 'esm',
  platform: 'browser',
  target: 'es2022',
  // Kept as imports rather than resolved, so that they show up below with the file that asks for them.
  external: ['node:*', ...builtinModules],
  packages: 'external',
  logLevel: 'error',
})

const foreign = Object.entries(metafile.inputs).flatMap(([file, { imports }]) =>
  imports.filter((used) => used.external === true).map((used) => `${file} imports ${used.path}`),
)
const code = outputFiles[0]?.contents ?? new Uint8Array()
const size = gzipSync(code, { level: 9 }).byteLength

console.log(
  `@klaw/core/channel: ${kilobytes(code.byteLength)} minified, ${kilobytes(size)} gzipped (aim: ${kilobytes(aim)}, limit: ${kilobytes(limit)})`,
)
for (const line of foreign) console.error(`not for browsers: ${line}`)
if (size > limit) console.error('too large')
else if (size > aim) console.log('warning: larger than we aim at')
if (foreign.length > 0 || size > limit) process.exitCode = 1
