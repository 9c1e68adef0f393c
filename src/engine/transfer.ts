import { isSlab } from '../codec/slab.ts'

/**
 * Which buffers move with a value. It hangs on the value itself, weakly, so that the value stays what it is: in process it is passed on
 * as it is, and every engine finds the mark when it encodes it. A mark is used once.
 */
const marks = new WeakMap<object, ReadonlySet<ArrayBuffer>>()
// Encoders are hot and transfers are rare: until there is one, nobody has to look.
let anyMarks = false

/** Memory that other values lie in too stays where it is: what lies in it is copied, as if it were not marked. */
export function markTransfer(value: object, buffers: readonly ArrayBuffer[]): void {
  const moving = buffers.filter((buffer) => !isSlab(buffer))
  if (moving.length === 0) return
  marks.set(value, new Set(moving))
  anyMarks = true
}

/** Whether `value` carries buffers that move. */
export function movesBuffers(value: unknown): boolean {
  return anyMarks && typeof value === 'object' && value !== null && marks.has(value)
}

/** The buffers that move when `value` is encoded. They count as moved from now on. */
export function takeTransfer(value: unknown): ReadonlySet<ArrayBuffer> | undefined {
  if (!anyMarks || typeof value !== 'object' || value === null) return undefined
  const buffers = marks.get(value)
  if (buffers !== undefined) marks.delete(value)
  return buffers
}

/** Detaches the buffers that the codec took for moved ones, at once: the sender sees the same whenever the message leaves. */
export function detach(attachments: readonly unknown[] | undefined): readonly unknown[] | undefined {
  return attachments?.map((attachment) =>
    attachment instanceof ArrayBuffer ? structuredClone(attachment, { transfer: [attachment] }) : attachment,
  )
}
