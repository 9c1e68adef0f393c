import type { Connection } from '../../wire/connection.ts'
import { argumentError, type StoredArguments, storeLarge } from './arguments.ts'
import type { RayObjects } from './objects.ts'

/**
 * A request with arguments, of which the large ones are stored first.
 *
 * @param refused called at once when an argument can not be encoded, so that nothing was sent; the promise rejects a moment later
 */
export async function requestWith(
  connection: Connection,
  objects: RayObjects,
  operation: string,
  args: readonly unknown[],
  body: (args: readonly unknown[]) => unknown,
  refused: (error: unknown) => void = () => {},
): Promise<unknown> {
  let stored: StoredArguments
  try {
    stored = storeLarge(objects, args)
  } catch (error) {
    refused(error)
    throw error
  }
  const answer = connection.request(operation, body(stored.args), {
    keepAlive: false,
    refused: (error) => refused(argumentError(error)),
  })
  // It has been written: what is given back now is given back behind it.
  stored.letGo()
  try {
    return await answer
  } catch (error) {
    throw argumentError(error)
  }
}
