import { RayError } from '../../../errors.ts'
import { unpickle } from './pickle-reader.ts'
import { PyCall, PyGlobal } from './pickle-values.ts'

/** What can be told about a Python exception without being Python. */
export interface PythonException {
  /** As `ray.exceptions.RayTaskError`. */
  readonly type: string
  readonly message: string
  readonly traceback: string | undefined
}

/** Longer texts are cut: they end up in an error message. */
const longestMessage = 20_000
/** Exceptions in exceptions that are looked into. */
const deepest = 10
/** Attributes that Ray's exceptions keep their texts in, best first. */
const messageKeys = ['error_msg', 'error_message', 'message', 'msg']

/** An error that says what failed, and what the pickled exception says about it. */
export function pythonError(what: string, pickled: Uint8Array): RayError {
  let value: unknown
  try {
    value = unpickle(pickled)
  } catch (error) {
    return new RayError(`${what}, and the reason cannot be read`, { cause: error })
  }
  return errorOf(what, describeException(value))
}

/** An error that says what failed, and what the exception says about it: its traceback, if there is one. */
export function errorOf(what: string, exception: PythonException): RayError {
  const { type, message, traceback } = exception
  const text = traceback === undefined ? `${type}: ${message}` : traceback
  return new RayError(`${what}: ${text.trim().slice(0, longestMessage)}`)
}

/** Reads a description out of an exception's pickle, as far as it goes. Any value gives one. */
export function describeException(value: unknown, depth = 0): PythonException {
  if (!(value instanceof PyCall)) return { type: 'object', message: textOf(value), traceback: undefined }
  const attributes = attributesOf(value)
  const type = typeOf(value.callable)
  const traceback = textAt(attributes, 'traceback_str') ?? taskTraceback(type, value)
  const inner = value.args.find(
    (argument) => argument instanceof PyCall && /Error|Exception/.test(typeOf(argument.callable)),
  )
  const nested = inner === undefined || depth >= deepest ? undefined : describeException(inner, depth + 1)
  const message =
    messageKeys.map((key) => textAt(attributes, key)).find((text) => text !== undefined) ??
    nested?.message ??
    value.args.map(textOf).join(', ')
  return { type, message, traceback: traceback ?? nested?.traceback }
}

/** `RayTaskError(function, traceback, …)`, if it comes without attributes. */
function taskTraceback(type: string, { args }: PyCall): string | undefined {
  const [, traceback] = args
  return type === 'ray.exceptions.RayTaskError' && typeof traceback === 'string' ? traceback : undefined
}

function attributesOf({ states }: PyCall): Map<unknown, unknown> {
  return new Map(states.flatMap((state) => (state instanceof Map ? [...state] : [])))
}

function textAt(attributes: Map<unknown, unknown>, key: string): string | undefined {
  const value = attributes.get(key)
  return typeof value === 'string' && value !== '' ? value : undefined
}

function typeOf(callable: unknown): string {
  if (callable instanceof PyGlobal)
    return callable.module === 'builtins' ? callable.name : `${callable.module}.${callable.name}`
  // A class that came by value: cloudpickle calls a maker with the metaclass and the name.
  if (callable instanceof PyCall && typeof callable.args[1] === 'string') return callable.args[1]
  return 'Exception'
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  if (value instanceof PyCall) return typeOf(value.callable)
  if (value instanceof PyGlobal) return `${value.module}.${value.name}`
  if (value instanceof Uint8Array) return `${value.length} bytes`
  return value === null || typeof value !== 'object' ? String(value) : value.constructor.name
}
