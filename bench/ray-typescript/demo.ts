import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from '@klaw/core'
import { runPipeline } from '../../demo/pipeline.ts'
import { expectEqual } from '../harness/check.ts'
import type { Benchmark, Contender, Rounds } from '../harness/definition.ts'
import { klaw } from '../peers/versions.ts'
import { leaveCluster, useCluster } from '../ray/shared-cluster.ts'

/** As many files, of as many bytes. */
const shape = { full: 2_000, quick: 20, size: 32 * 1024 }
const quiet = { write() {} }

function counting(
  id: string,
  name: string,
  addressOf: () => Promise<string | undefined>,
  leave?: () => Promise<void>,
): Contender {
  return {
    id,
    name,
    async start(scale): Promise<Rounds> {
      const count = scale.count(shape.full, shape.quick)
      const folder = makeFiles(count)
      const runtime = await connect(await addressOf())
      const options = {
        paths: [folder],
        input: folder,
        workers: 2,
        address: undefined,
        check: false,
        json: false,
        help: false,
      }
      const never = new AbortController().signal
      return {
        async round() {
          const { totals, time } = await runPipeline(runtime, options, quiet, never)
          expectEqual('the number of files', totals.files, count)
          expectEqual('the bytes in them', totals.bytes, count * shape.size)
          return { speed: totals.bytes / time / 1e6 }
        },
        async stop() {
          await runtime.shutdown()
          await leave?.()
          rmSync(folder, { recursive: true, force: true })
        },
      }
    },
  }
}

function makeFiles(count: number): string {
  const folder = mkdtempSync(join(tmpdir(), 'klaw-bench-demo-'))
  for (let index = 0; index < count; index++) {
    const text = `file ${index} has words, some of which it has in common with others `
    writeFileSync(join(folder, `${index}.txt`), text.repeat(shape.size / text.length + 1).slice(0, shape.size))
  }
  return folder
}

export const typeScriptDemoBenchmark: Benchmark = {
  id: 'ray-typescript/demo',
  work: `the demo with two counters: words and hashes of ${shape.full.toLocaleString('en')} files of ${shape.size / 1024} KB, which are in memory`,
  metrics: [{ key: 'speed', unit: 'GB/s', better: 'higher' }],
  ours: counting(
    'klaw',
    `${klaw} on Ray`,
    async () => (await useCluster()).address,
    () => leaveCluster(),
  ),
  peers: [counting('embedded', `${klaw} on threads`, async () => undefined)],
}
