import { inspect } from 'node:util'

/** What the promise, or ref, fails with. Fails itself when there is no failure. */
export async function rejection(pending: PromiseLike<unknown>): Promise<unknown> {
  let value: unknown
  try {
    value = await pending
  } catch (error) {
    return error
  }
  throw new Error(`expected a rejection, got ${inspect(value, { maxArrayLength: 5, maxStringLength: 100 })}`)
}

/** What the promise, or ref, fails with; undefined when it does not. */
export async function failure(pending: PromiseLike<unknown>): Promise<unknown> {
  return pending.then(
    () => undefined,
    (error: unknown) => error,
  )
}
