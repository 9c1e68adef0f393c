import { RayError } from '../../../errors.ts'
import type { AgentAddress } from './bootstrap.ts'
import { describeException, errorOf, type PythonException } from './python-error.ts'

/** How to begin the error of a method. */
const failures: Readonly<Record<string, string>> = { start: 'the agent did not start', stay: 'the agent has ended' }

/**
 * Undoes what the loader did to tell results from exceptions; whatever else comes is an exception of Ray's own.
 *
 * @throws {RayError} with what Python said
 */
export function readAnswer(method: string, value: unknown): Uint8Array {
  const what = failures[method] ?? 'the agent failed'
  if (!(value instanceof Uint8Array)) throw errorOf(what, describeException(value))
  if (value[0] === 0) return value.subarray(1)
  throw errorOf(what, JSON.parse(Buffer.from(value.subarray(1)).toString('utf8')) as PythonException)
}

/** @throws {RayError} when that is not what an agent says that has started */
export function readAddress(answer: Uint8Array): AgentAddress {
  const said: unknown = JSON.parse(Buffer.from(answer).toString('utf8'))
  const { host, port, token, tls } = (said ?? {}) as Record<string, unknown>
  const whole = typeof port === 'number' && Number.isInteger(port) && port > 0 && port < 65_536
  if (typeof host !== 'string' || !whole || typeof token !== 'string' || typeof tls !== 'boolean') {
    throw new RayError('the agent did not say where it listens')
  }
  return { host, port, token, tls }
}
