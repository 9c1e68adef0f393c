import { randomUUID } from 'node:crypto'
import { type ActorOptions, type ConnectOptions, connect, type Runtime } from '@klaw/core'
import { describe, inject, test } from 'vitest'
import { type Fixtures, typescriptFixtures } from './fixtures.ts'
import {
  failuresHere,
  type KnownFailure,
  knownFailingOfTypeScriptOnRay,
  knownFailingOnRay,
} from './known-failing-on-ray.ts'
import { pythonFixtures } from './python-fixtures.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Which engines the suites run over in this project. */
    conformanceEngines: readonly (keyof typeof engines)[]
  }
}

/** An engine that the conformance suites run over. */
export interface ConformanceEngine {
  readonly name: 'embedded' | 'ray'
  /** What actors and tasks are written in: errors have its classes, and it may have one word for null and undefined. */
  readonly language: 'typescript' | 'python'
  readonly fixtures: Fixtures
  /** In which {@link connect} puts names. No other test file uses it. */
  readonly namespace: string
  /** The options of a cluster of one's own. Where the cluster is there already they have no effect. */
  connect(options?: ConnectOptions): Promise<Runtime>
  /**
   * A part of what an actor can claim: on the embedded engine CPUs, as many as it was connected with; on a cluster, which has
   * CPUs for many test files, that many of a resource that only this test file uses.
   */
  claim(amount: number, resource: ClaimedResource): ActorOptions
  /** How much of that is free. */
  free(klaw: Runtime, resource: ClaimedResource): Promise<number>
  /** Where actors can be placed that makes a difference: in a thread that others share, and in one of their own. */
  readonly placements: readonly { readonly numCpus: number }[]
  /** What the cases do, as `suite: case`, that it can not always pass. One that fails here and passes fails the run. */
  readonly knownFailing: ReadonlyMap<string, 'fails' | 'passes' | 'either'>
}

/** What the head of the tests has for {@link ConformanceEngine.claim}, see test/support/ray/global-setup.ts. */
export type ClaimedResource = 'lifetime' | 'closing' | 'queues' | 'tasks' | 'pools'

const engines = {
  embedded: (): ConformanceEngine => ({
    name: 'embedded',
    language: 'typescript',
    fixtures: typescriptFixtures,
    namespace: 'klaw',
    connect: (options) => connect(undefined, options),
    claim: (amount) => ({ numCpus: amount }),
    free: async (klaw) => (await klaw.availableResources()).CPU ?? 0,
    placements: [{ numCpus: 0 }, { numCpus: 1 }],
    knownFailing: new Map(),
  }),
  'Ray, actors in Python': () => ray('python', pythonFixtures, knownFailingOnRay),
  'Ray, actors in TypeScript': () => ray('typescript', typescriptFixtures, knownFailingOfTypeScriptOnRay),
}

function ray(
  language: ConformanceEngine['language'],
  fixtures: Fixtures,
  knownFailing: readonly KnownFailure[],
): ConformanceEngine {
  const namespace = `test-${randomUUID()}`
  return {
    name: 'ray',
    language,
    fixtures,
    namespace,
    connect: () => connect(inject('rayAddress') as `ray://${string}`, { namespace, timeout: 60_000 }),
    claim: (amount, resource) => ({ numCpus: 0, resources: { [resource]: amount } }),
    free: async (klaw, resource) => (await klaw.availableResources())[resource] ?? 0,
    // Each actor has a process of its own, whatever it claims.
    placements: [{ numCpus: 0 }],
    knownFailing: failuresHere(knownFailing),
  }
}

/** What a case, or a suite, may say about itself. */
export interface CaseOptions {
  /** It is about the embedded engine alone; the reason. */
  readonly onlyEmbedded?: string
  /** It is about actors and tasks in TypeScript alone; the reason. */
  readonly onlyTypeScript?: string
  /** It makes no difference to it what actors are written in: one run over each engine is enough; the reason. */
  readonly anyLanguage?: string
}

type Run = () => Promise<void>

/** Declares one case of a suite. */
export type Case = (name: string, ...rest: [run: Run] | [options: CaseOptions, run: Run]) => void

/** Declares the cases of a suite. */
type Define = (engine: ConformanceEngine, it: Case) => void

/** Most known failures are calls that never settle; nobody wants to wait a minute for them. */
const knownFailureTimeout = 3_000

/** Declares a suite, to be run over the engines of the project. */
export function conformance(suite: string, ...rest: [define: Define] | [options: CaseOptions, define: Define]): void {
  const [suiteOptions, define] = withOptions(rest)
  const seen = new Set<string>()
  for (const name of inject('conformanceEngines')) {
    const engine = engines[name]()
    const isFirst = !seen.has(engine.name)
    seen.add(engine.name)
    const concerns = ({ onlyEmbedded, onlyTypeScript, anyLanguage }: CaseOptions) =>
      (onlyEmbedded === undefined || engine.name === 'embedded') &&
      (onlyTypeScript === undefined || engine.language === 'typescript') &&
      (anyLanguage === undefined || isFirst)
    if (!concerns(suiteOptions)) continue
    describe(`${suite}, ${name}`, () => {
      define(engine, (name, ...rest) => {
        const [options, run] = withOptions(rest)
        if (!concerns(options)) return
        const known = engine.knownFailing.get(`${suite}: ${name}`)
        if (known === 'fails') test.fails(name, { timeout: knownFailureTimeout, retry: 0 }, run)
        else test.skipIf(known === 'either')(name, run)
      })
    })
  }
}

function withOptions<Last>(rest: [Last] | [CaseOptions, Last]): [CaseOptions, Last] {
  return rest.length === 1 ? [{}, rest[0]] : rest
}
