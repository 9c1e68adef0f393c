import type { StandardSchemaV1 } from '@standard-schema/spec'
import { ChannelSchemaError, type SchemaIssue } from '../errors.ts'
import { show } from './arguments.ts'

export type { StandardSchemaV1 }

export function checkSchema(schema: unknown): void {
  const standard = (schema as Partial<StandardSchemaV1> | null | undefined)?.['~standard']
  if (typeof standard?.validate !== 'function') {
    throw new TypeError(`'schema' must be a Standard Schema (zod, valibot, arktype, …), got ${show(schema)}`)
  }
}

/**
 * Returns what the schema makes of the value; a promise of it if the schema is asynchronous.
 *
 * @throws ChannelSchemaError when the schema refuses the value
 */
export function validate(schema: StandardSchemaV1, value: unknown): unknown | Promise<unknown> {
  const result = schema['~standard'].validate(value)
  return result instanceof Promise ? result.then(outputOf) : outputOf(result)
}

/** The same where there is no time to wait. */
export function validateNow(schema: StandardSchemaV1, value: unknown): unknown {
  const output = validate(schema, value)
  if (!(output instanceof Promise)) return output
  output.catch(() => {})
  throw new TypeError(`the channel's schema is asynchronous: only 'send' and 'sendBatch' can wait for it`)
}

function outputOf(result: StandardSchemaV1.Result<unknown>): unknown {
  if (result.issues === undefined) return result.value
  throw new ChannelSchemaError(result.issues.map(issueOf))
}

function issueOf({ message, path }: StandardSchemaV1.Issue): SchemaIssue {
  let text = ''
  for (const segment of path ?? []) {
    const key = typeof segment === 'object' ? segment.key : segment
    if (typeof key === 'number') text += `[${key}]`
    else text += text === '' ? String(key) : `.${String(key)}`
  }
  return { message, path: text }
}
