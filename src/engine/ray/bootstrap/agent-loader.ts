import { KlawError } from '../../../errors.ts'
import type { AgentSettings } from './bootstrap.ts'
import { classFromSource } from './pickle-values.ts'

/** The name of the class. */
export const agentLoaderClass = 'KlawAgent'
/** Where it stands in the agent's package, and what tracebacks call its text. */
const place = 'klaw_agent/loader.py'
const file = 'klaw_agent_loader.py'

/**
 * The class that loads the agent's package and runs it, as an actor or where it is, for a pickle. It is made from its text, since nobody can import it there.
 *
 * @param sources the agent's package
 * @throws {KlawError} when it is not among them
 */
export function agentLoader(sources: ReadonlyMap<string, string>): unknown {
  const source = sources.get(place)
  if (source === undefined) throw new KlawError(`the agent's Python package has no ${place}`)
  return classFromSource(source, agentLoaderClass, file)
}

/** What its constructor takes. */
export function loaderArguments({ sources, namespace, maxFrame, token }: AgentSettings): readonly unknown[] {
  return [new Map(sources), { namespace, max_frame: maxFrame, ...(token !== undefined && { token }) }]
}
