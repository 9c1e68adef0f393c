import { type ObjectHolder, objectPort } from '../../object-engine.ts'
import { objectValue } from '../../object-value.ts'

/** The value that a ref stands for, which is let go then. Rejects with what the object failed with. */
export async function resolveRef(ref: ObjectHolder & Partial<Disposable>): Promise<unknown> {
  try {
    return await objectValue(ref[objectPort])
  } finally {
    ref[Symbol.dispose]?.()
  }
}
