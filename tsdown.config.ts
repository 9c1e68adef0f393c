import { existsSync } from 'node:fs'
import { defineConfig } from 'tsdown'

/**
 * Each key is a file below dist/. Shared chunks lie in dist/ itself, beside `index`, so that code which finds the spawned
 * entries by `new URL('./entry/hub.js', import.meta.url)` works from any of them.
 */
const entries = {
  index: 'src/index.ts',
  channel: 'src/channel.ts',
  cluster: 'src/cluster.ts',
  'cli/main': 'src/cli/main.ts',
  'entry/hub': 'src/entry/hub.ts',
  'entry/worker': 'src/entry/worker.ts',
  'entry/ray-host': 'src/entry/ray-host.ts',
}

export default defineConfig({
  entry: Object.fromEntries(Object.entries(entries).filter(([, file]) => existsSync(file))),
  format: 'esm',
  platform: 'neutral',
  target: 'node20',
  outDir: 'dist',
  clean: true,
  sourcemap: true,
  dts: true,
  // Handles are disposable, which the libraries of TypeScript's targets do not know yet.
  banner: { dts: '/// <reference lib="esnext.disposable" />' },
  hash: false,
  fixedExtension: false,
  deps: { neverBundle: [/^node:/] },
  outputOptions: { chunkFileNames: '[name].js' },
  logLevel: 'error',
})
