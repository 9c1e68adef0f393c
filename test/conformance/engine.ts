import { type ConnectOptions, connect, type Runtime } from '@klaw/core'
import { describe, test } from 'vitest'

/** An engine that the conformance suites run over. */
export interface ConformanceEngine {
  readonly name: string
  connect(options?: ConnectOptions): Promise<Runtime>
  /** Cases that it does not pass yet, as `suite: case`. Meant to be empty. A case in it that passes fails the run. */
  readonly knownFailing: ReadonlySet<string>
}

export const engines: readonly ConformanceEngine[] = [
  { name: 'embedded', connect: (options) => connect(undefined, options), knownFailing: new Set() },
]

/** Declares one case of a suite. */
export type Case = (name: string, run: () => Promise<void>) => void

/** Declares a suite, to be run over every engine. */
export function conformance(suite: string, define: (engine: ConformanceEngine, it: Case) => void): void {
  describe.each(engines)(`${suite}, $name`, (engine) => {
    define(engine, (name, run) => {
      if (engine.knownFailing.has(`${suite}: ${name}`)) test.fails(name, run)
      else test(name, run)
    })
  })
}
