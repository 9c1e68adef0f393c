import { SerializationError } from '../../errors.ts'
import type { EncodedValue, Token } from '../../wire/token.ts'
import { isRef, portOf } from '../object-engine.ts'
import type { LocalObjects } from './local-objects.ts'
import { argumentName } from './peer.ts'
import type { PendingCall } from './pending-call.ts'

/** Whether an argument is a ref, which is resolved before the call leaves. */
export function hasRefs(args: readonly unknown[]): boolean {
  for (const argument of args) if (isRef(argument)) return true
  return false
}

/**
 * Takes a snapshot of the call's arguments, resolves those that are refs, and calls `ready` when the call can be sent: at once,
 * or later. A call whose arguments can not be had is refused.
 */
export function prepareCall(
  objects: LocalObjects,
  call: PendingCall,
  args: readonly unknown[],
  ready: () => void,
): void {
  const encoded: EncodedValue[] = []
  let unresolved = 0
  const arrived = () => {
    call.args = encoded
    if (!encoded.some((value) => value.tokens !== undefined && value.tokens.length > 0)) {
      call.prepared = true
      ready()
      return
    }
    objects.client.barrier().then(
      () => {
        call.prepared = true
        if (!call.over) ready()
      },
      (error) => call.refuse(error),
    )
  }
  try {
    for (const [index, argument] of args.entries()) {
      const input = portOf(argument)
      if (input === undefined) {
        const value = objects.encode(argument, argumentName(index), objects.client.session)
        encoded[index] = value
        if (value.tokens !== undefined) keepTokens(call, value.tokens)
        continue
      }
      if (input.engine !== objects) {
        throw new SerializationError(`${argumentName(index)} is a ref of another runtime`, {
          path: argumentName(index),
        })
      }
      input.retain()
      call.inputs ??= []
      call.inputs.push(input)
      const value = objects.read(input)
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
