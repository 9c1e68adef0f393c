import type { Definition } from './definition.ts'

/** What a method may learn about the call that it serves. */
export interface CallContext {
  /** Aborts when the call is cancelled, its caller has gone, or the actor is killed. */
  readonly signal: AbortSignal
  /** Undefined in a task. */
  readonly actorId: string | undefined
  /** The class of the actor; undefined in a task. */
  readonly className: string | undefined
  /** The method's name, or the function's. */
  readonly method: string
}

/** A worker thread, as the code that runs in it sees it. */
export interface ThreadContext {
  /** The module that is being imported for an actor or a task. */
  loading: string | undefined
  /** What such modules have defined when they were imported, exported or not. */
  readonly definitions: Set<Definition>
  /** The call whose method is on the stack. */
  call: { readonly context: CallContext } | undefined
}

// A registered symbol, so that two copies of the package in one thread see the same.
const contextSymbol = Symbol.for('klaw.thread')
const scope = globalThis as { [contextSymbol]?: ThreadContext }

/** The context of this worker thread; undefined in threads that klaw has not started. */
export function threadContext(): ThreadContext | undefined {
  return scope[contextSymbol]
}

/** Called once, where a worker thread starts. */
export function openThreadContext(): ThreadContext {
  const context: ThreadContext = { loading: undefined, definitions: new Set(), call: undefined }
  scope[contextSymbol] = context
  return context
}

/** Called for each class and function that is defined: the thread remembers those of the modules that it imports for actors and tasks. */
export function noteDefinition(definition: Definition): void {
  const context = threadContext()
  // An older copy of the package in this thread may know nothing of definitions.
  if (context?.loading !== undefined) context.definitions?.add(definition)
}
