const ignore = () => {}

/** Somebody who stopped caring about an operation must not be ended by an unhandled rejection once it is refused. */
export function quiet<T>(operation: Promise<T>): Promise<T> {
  operation.catch(ignore)
  return operation
}
