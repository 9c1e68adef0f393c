import { arch, availableParallelism, cpus, platform, totalmem } from 'node:os'

/** What the numbers were measured on. */
export function describeMachine(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor'
  const memory = Math.round(totalmem() / 1024 ** 3)
  const { node, v8 } = process.versions
  return `${availableParallelism()} × ${model}, ${memory} GiB, ${platform()} ${arch()}, Node ${node}, V8 ${v8}`
}
