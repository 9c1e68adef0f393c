/**
 * Makes src/engine/ray/bootstrap/generated/ray_client_pb.ts from proto/ray_client.proto. What it makes is committed: building needs
 * no generator.
 *
 *     node scripts/generate-proto.mjs
 */
import { fileURLToPath } from 'node:url'
import { bin, run } from './lib/run.mjs'

const template = {
  version: 'v2',
  inputs: [{ directory: 'proto' }],
  plugins: [
    {
      local: bin('protoc-gen-es'),
      out: 'src/engine/ray/bootstrap/generated',
      // No enum declarations: Node strips the types of this file as of every other.
      opt: ['target=ts', 'import_extension=none', 'erasable_syntax=true', 'elide_plugin_version=true'],
    },
  ],
}
const workspace = { version: 'v2', modules: [{ path: 'proto' }] }
const out = fileURLToPath(new URL('../src/engine/ray/bootstrap/generated', import.meta.url))

for (const [command, args] of /** @type {[string, string[]][]} */ ([
  [bin('buf'), ['generate', '--config', JSON.stringify(workspace), '--template', JSON.stringify(template)]],
  [bin('biome'), ['check', '--write', out]],
])) {
  const { code, output } = await run(command, args)
  if (code !== 0) {
    console.error(output)
    process.exit(1)
  }
}
