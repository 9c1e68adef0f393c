import { KlawError } from '../errors.ts'
import { isListening } from './listening.ts'
import { Supervisor, type SupervisorOptions } from './supervisor.ts'
import { until } from './until.ts'

const defaultStartTimeout = 60_000

/**
 * Starts one node and waits until it listens on all of `ports`.
 *
 * @throws KlawError with the end of its log if it ends before, or takes too long; nothing of it is left then.
 */
export async function startNode(
  options: SupervisorOptions,
  address: string,
  ports: readonly number[],
  startTimeout = defaultStartTimeout,
): Promise<Supervisor> {
  const supervisor = new Supervisor(options)
  try {
    const isUp = async () => (await Promise.all(ports.map((port) => isListening(address, port)))).every(Boolean)
    let up = false
    const settled = await until(async () => {
      if (supervisor.ended) return true
      up = await isUp()
      return up
    }, startTimeout)
    if (up && !supervisor.ended) return supervisor
    throw supervisor.failure(settled ? 'Ray did not start' : `Ray was not up within ${startTimeout / 1_000} s`)
  } catch (error) {
    await supervisor.stop()
    throw error instanceof KlawError ? error : new KlawError(String(error), { cause: error })
  }
}
