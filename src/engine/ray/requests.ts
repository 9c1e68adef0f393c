import type { Connection } from '../../wire/connection.ts'
import { argumentError, storeLarge } from './arguments.ts'
import type { RayObjects } from './objects.ts'

/** A request with arguments, of which the large ones are stored first. */
export async function requestWith(
  connection: Connection,
  objects: RayObjects,
  operation: string,
  args: readonly unknown[],
  body: (args: readonly unknown[]) => unknown,
): Promise<unknown> {
  const stored = storeLarge(objects, args)
  const answer = connection.request(operation, body(stored.args), { keepAlive: false })
  // It has been written: what is given back now is given back behind it.
  stored.letGo()
  try {
    return await answer
  } catch (error) {
    throw argumentError(error)
  }
}
