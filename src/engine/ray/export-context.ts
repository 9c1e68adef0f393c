import type { EncodeContext } from '../../codec/handles.ts'
import type { Held } from './arrival-context.ts'

/** Collects what a value holds while it is encoded, for values that are still under way when the caller's handles may be gone. */
export interface ExportContext extends EncodeContext {
  readonly handles: Held[]
}

/** Nothing has been announced. By this these contexts are known: in others `handles` are not what a value holds. */
const discardHandles = () => {}

export function exportContext(): ExportContext {
  return { handles: [], discardHandles }
}

/** Called by a handle that goes into a value. */
export function exported(context: EncodeContext, held: Held): void {
  if (context.discardHandles === discardHandles) context.handles?.push(held)
}
