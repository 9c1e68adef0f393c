import { SerializationError } from '../../errors.ts'
import type { EncodedValue, Token } from '../../wire/token.ts'
import { isRef, type ObjectPort, portOf } from '../object-engine.ts'
import { argumentName } from './peer.ts'
import type { PendingCall } from './pending-call.ts'

/** How an engine turns the arguments of its calls into bytes. */
export interface ArgumentDesk {
  /** A value as bytes of its own. Throws `SerializationError` with the path, which starts with `name`. */
  encode(value: unknown, name: string): EncodedValue
  /**
   * What takes the place of an argument that is a ref; undefined when the ref itself goes along, and the callee resolves it. Throws, or rejects with,
   * the object's error. The tokens stay the object's, which is held until the call has been answered.
   */
  read(object: ObjectPort): EncodedValue | Promise<EncodedValue> | undefined
  /** Whether the object is one of this engine's. */
  owns(object: ObjectPort): boolean
  /** As in `CallHome`. */
  readonly claimsWait: boolean
  barrier(): Promise<void>
}

/** Whether an argument is a ref, which is resolved before the call runs. */
export function hasRefs(args: readonly unknown[]): boolean {
  for (const argument of args) if (isRef(argument)) return true
  return false
}

/**
 * Takes a snapshot of the call's arguments, resolves those that are refs, and calls `ready` when the call can be sent: at once,
 * or later. A call whose arguments can not be had is refused.
 */
export function prepareCall(desk: ArgumentDesk, call: PendingCall, args: readonly unknown[], ready: () => void): void {
  const encoded: EncodedValue[] = []
  let unresolved = 0
  const arrived = () => {
    call.args = encoded
    const hasTokens = encoded.some((value) => value.tokens !== undefined && value.tokens.length > 0)
    if (!hasTokens || desk.claimsWait) {
      call.prepared = true
      ready()
      return
    }
    desk.barrier().then(
      () => {
        call.prepared = true
        if (!call.over) ready()
      },
      (error) => call.refuse(error),
    )
  }
  const encode = (index: number, argument: unknown) => {
    const value = desk.encode(argument, argumentName(index))
    encoded[index] = value
    if (value.tokens !== undefined) keepTokens(call, value.tokens)
  }
  try {
    for (const [index, argument] of args.entries()) {
      const input = portOf(argument)
      if (input === undefined) {
        encode(index, argument)
        continue
      }
      if (!desk.owns(input)) {
        throw new SerializationError(`${argumentName(index)} is a ref of another runtime`, {
          path: argumentName(index),
        })
      }
      input.retain()
      call.inputs ??= []
      call.inputs.push(input)
      const value = desk.read(input)
      if (value === undefined) {
        call.resolve = true
        encode(index, argument)
        continue
      }
      if (!(value instanceof Promise)) {
        encoded[index] = value
        continue
      }
      unresolved++
      value.then(
        (bytes) => {
          encoded[index] = bytes
          if (--unresolved === 0 && !call.over) arrived()
        },
        (error) => call.refuse(error),
      )
    }
  } catch (error) {
    call.refuse(error)
    return
  }
  if (unresolved === 0) arrived()
}

function keepTokens(call: PendingCall, tokens: readonly Token[]): void {
  call.tokens ??= []
  call.tokens.push(...tokens)
}
