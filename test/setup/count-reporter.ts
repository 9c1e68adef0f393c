import type { SerializedError } from 'vitest'
import type { Reporter, TestCase, TestModule, TestSuite } from 'vitest/node'

/**
 * Ends a run with one plain line, 'N passed, N failed', which scripts can read. Files that failed as a whole count too. Before it stand the tests that
 * have passed only when they were tried again.
 */
export default class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const count = { passed: 0, failed: unhandled.length, skipped: 0, pending: 0 }
    for (const module of modules) {
      for (const test of module.children.allTests() as Iterable<TestCase>) {
        count[test.result().state] += 1
        const { flaky, retryCount } = test.diagnostic() ?? { flaky: false, retryCount: 0 }
        if (flaky)
          process.stdout.write(`tried ${retryCount + 1} times: ${module.relativeModuleId} > ${test.fullName}\n`)
      }
      const suites: Iterable<TestModule | TestSuite> = [module, ...module.children.allSuites()]
      for (const suite of suites) if (suite.errors().length > 0) count.failed += 1
    }
    const skipped = count.skipped + count.pending
    const line = `${count.passed} passed, ${count.failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
    process.stdout.write(`${line}\n`)
  }
}
