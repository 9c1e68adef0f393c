import { type ConnectOptions, connect, type Runtime } from '@klaw/core'

/** An engine that the conformance suite of actors runs over. */
export interface ActorEngineUnderTest {
  readonly name: string
  open(options?: ConnectOptions): Promise<Runtime>
}

export const actorEngines: readonly ActorEngineUnderTest[] = [
  { name: 'embedded', open: (options) => connect(undefined, options) },
]
