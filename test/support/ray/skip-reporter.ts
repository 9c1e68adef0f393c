import type { Reporter, TestModule } from 'vitest/node'

/** Says aloud how many tests there was no Ray for, and why. */
export default class SkipReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    let count = 0
    let why: string | undefined
    for (const module of modules) {
      const { rayUnavailable } = module.project.getProvidedContext() as { rayUnavailable?: string }
      if (module.project.name !== 'ray' || rayUnavailable === undefined) continue
      why = rayUnavailable
      count += [...module.children.allTests()].length
    }
    if (why !== undefined) process.stdout.write(`${count} tests of the Ray engine were skipped: ${why}\n`)
  }
}
