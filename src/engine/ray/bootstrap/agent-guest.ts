import { readAddress, readAnswer } from './agent-answer.ts'
import { agentLoader, loaderArguments } from './agent-loader.ts'
import type { AgentAddress, AgentSettings } from './bootstrap.ts'
import { get, put, release } from './exchanges.ts'
import { unpickle } from './pickle-reader.ts'
import { PyCall, PyGlobal } from './pickle-values.ts'
import { pickle } from './pickle-writer.ts'
import type { Session } from './session.ts'

/**
 * Starts the agent in the process that Ray has for the session. That process unpickles what a client puts, and stores what comes of it: here it is what the
 * agent says about itself.
 *
 * @throws {RayError} with Python's traceback when the agent did not start
 */
export async function startGuest(session: Session, settings: AgentSettings): Promise<AgentAddress> {
  const { channel } = session
  const loader = new PyCall(agentLoader(settings.sources), loaderArguments(settings))
  const start = new PyCall(new PyGlobal('builtins', 'getattr'), [loader, 'start_here'])
  const id = await put(channel, pickle(new PyCall(start, [])))
  try {
    return readAddress(readAnswer('start', unpickle(await get(channel, id))))
  } finally {
    release(channel, [id])
  }
}
