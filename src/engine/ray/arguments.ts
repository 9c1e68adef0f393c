import { type EncodeContext, type EncodedHandle, handleSymbol } from '../../codec/handles.ts'
import { SerializationError } from '../../errors.ts'
import { exportContext } from './export-context.ts'
import type { RayObjects } from './objects.ts'
import type { RayObject } from './ray-object.ts'

/** Arguments of more encoded bytes are stored as objects first, and passed as refs, as Ray itself does. */
export const largestArgument = 100 * 1024

/** How errors name an argument. */
export function argumentName(index: number): string {
  return argumentNames[index] ?? `args[${index}]`
}

const argumentNames = ['args[0]', 'args[1]', 'args[2]', 'args[3]']

/** Stands for an object in a place where a value would be. */
export class RefInPlace {
  readonly #object: RayObject

  constructor(object: RayObject) {
    this.#object = object
  }

  [handleSymbol](context: EncodeContext): EncodedHandle {
    return this.#object.export(context)
  }
}

/** Arguments of which the large ones are objects now. */
export interface StoredArguments {
  readonly args: readonly unknown[]
  /** To be called once the arguments have been sent. */
  letGo(): void
}

/**
 * Stores the large ones among some arguments.
 *
 * @throws SerializationError when a large one can not be encoded
 */
export function storeLarge(objects: RayObjects, args: readonly unknown[]): StoredArguments {
  const stored: RayObject[] = []
  const letGo = () => {
    for (const object of stored) object.release()
  }
  try {
    const passed = args.map((argument, index) => {
      if (!mayBeLarge(argument)) return argument
      const context = exportContext()
      const bytes = objects.encode(argument, context, argumentName(index))
      const object = objects.putBytes(bytes, context.handles)
      object.retain()
      stored.push(object)
      return new RefInPlace(object)
    })
    return { args: passed, letGo }
  } catch (error) {
    letGo()
    throw error
  }
}

/** Whether a value could have more than {@link largestArgument} bytes. Looks no longer than it takes to find out. */
export function mayBeLarge(value: unknown): boolean {
  let left = largestArgument
  const open: unknown[] = [value]
  while (open.length > 0 && left > 0) {
    const next = open.pop()
    left--
    if (typeof next === 'string') left -= next.length
    else if (typeof next !== 'object' || next === null) left -= 8
    else if (ArrayBuffer.isView(next) || next instanceof ArrayBuffer) left -= next.byteLength
    else if (Array.isArray(next)) {
      left -= next.length
      if (left > 0) open.push(...next)
    } else if (next instanceof Map) {
      left -= next.size
      if (left > 0) for (const [key, inner] of next) open.push(key, inner)
    } else if (next instanceof Set) {
      left -= next.size
      if (left > 0) open.push(...next)
    } else if (!(handleSymbol in next)) open.push(...Object.values(next))
  }
  return left <= 0
}

/** A failure to encode a request, with the path as the caller knows it. */
export function argumentError(error: unknown): unknown {
  if (!(error instanceof SerializationError) || error.path === undefined) return error
  const path = error.path.replace(/^argument\[1\]\./, '')
  if (path === error.path) return error
  return new SerializationError(error.message.replace('argument[1].', ''), { path, cause: error.cause })
}
