/**
 * The one error family of klaw. Every error has a `code` from a closed set; Ray's exceptions keep Ray's names.
 * Codes and classes correspond one to one, on every engine and in every language.
 */

/** Every code that a klaw error can carry. */
export type ErrorCode =
  | 'KLAW'
  | 'RUNTIME_CLOSED'
  | 'SERIALIZATION'
  | 'DEADLOCK'
  | 'RAY'
  | 'RAY_TASK'
  | 'RAY_ACTOR'
  | 'ACTOR_DIED'
  | 'ACTOR_UNAVAILABLE'
  | 'ACTOR_UNSCHEDULABLE'
  | 'ACTOR_ALREADY_EXISTS'
  | 'ACTOR_NOT_FOUND'
  | 'WORKER_CRASHED'
  | 'OUT_OF_MEMORY'
  | 'TASK_CANCELLED'
  | 'PENDING_CALLS_LIMIT_EXCEEDED'
  | 'OBJECT_STORE_FULL'
  | 'OBJECT_LOST'
  | 'OBJECT_FREED'
  | 'OWNER_DIED'
  | 'GET_TIMEOUT'
  | 'QUEUE_FULL'
  | 'QUEUE_EMPTY'
  | 'CHANNEL_CLOSED'
  | 'CHANNEL_FULL'
  | 'CHANNEL_EMPTY'
  | 'CHANNEL_TIMEOUT'
  | 'CHANNEL_PARTIAL_SEND'
  | 'CHANNEL_LAGGED'
  | 'CHANNEL_SCHEMA'
  | 'CHANNEL_CONFIG_MISMATCH'
  | 'CHANNEL_NOT_FOUND'
  | 'CHANNEL_BACKEND'

/** The base of every error that klaw throws, other than `TypeError`, `RangeError` and a signal's own reason. */
export class KlawError extends Error {
  static readonly code: ErrorCode = 'KLAW'
  readonly code: ErrorCode

  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = (new.target as typeof KlawError).code
    hidden(this, 'name', new.target.name)
  }

  /** Returns a klaw error as it is and wraps anything else, keeping it as `cause`. */
  static from(thrown: unknown): KlawError {
    if (thrown instanceof KlawError) return thrown
    return new KlawError(thrown instanceof Error ? thrown.message : String(thrown), { cause: thrown })
  }
}

/** The runtime that a handle belongs to has been shut down, or its engine is gone. */
export class RuntimeClosedError extends KlawError {
  static override readonly code = 'RUNTIME_CLOSED'
}

/** A value could not be turned into bytes, or bytes not into a value. `path` says where, as in `args[0].user.avatar`. */
export class SerializationError extends KlawError {
  static override readonly code = 'SERIALIZATION'
  readonly path: string | undefined

  constructor(message: string, options?: ErrorOptions & { path?: string }) {
    super(message, options)
    this.path = options?.path
  }
}

/** A call waits on itself through a chain of actors; `chain` names each step. */
export class DeadlockError extends KlawError {
  static override readonly code = 'DEADLOCK'
  readonly chain: readonly string[]

  constructor(message: string, options?: ErrorOptions & { chain?: readonly string[] }) {
    super(message, options)
    this.chain = options?.chain ?? []
  }
}

/** The base of Ray's own exceptions (`ray.exceptions.RayError`). */
export class RayError extends KlawError {
  static override readonly code: ErrorCode = 'RAY'
}

/** A task or an actor method threw. The original error, with its class, fields and remote stack, is the `cause`. */
export class RayTaskError extends RayError {
  static override readonly code = 'RAY_TASK'
}

/** An actor can not, or not now, answer. The base of {@link ActorDiedError} and {@link ActorUnavailableError}. */
export class RayActorError extends RayError {
  static override readonly code: ErrorCode = 'RAY_ACTOR'
  readonly actorId: string | undefined

  constructor(message: string, options?: ErrorOptions & { actorId?: string }) {
    super(message, options)
    this.actorId = options?.actorId
  }
}

/** The actor is dead for good: killed, its constructor threw, or no restarts were left. */
export class ActorDiedError extends RayActorError {
  static override readonly code = 'ACTOR_DIED'
}

/** The actor went away while the call was in flight and is coming back: the call may or may not have been executed. */
export class ActorUnavailableError extends RayActorError {
  static override readonly code = 'ACTOR_UNAVAILABLE'
}

/** The resources that an actor or task asks for exist nowhere, so that it could never start. */
export class ActorUnschedulableError extends RayError {
  static override readonly code = 'ACTOR_UNSCHEDULABLE'
}

/** An actor of that name lives in that namespace already. */
export class ActorAlreadyExistsError extends RayError {
  static override readonly code = 'ACTOR_ALREADY_EXISTS'
}

/** No actor of that name lives in that namespace. */
export class ActorNotFoundError extends RayError {
  static override readonly code = 'ACTOR_NOT_FOUND'
}

/** The worker that ran a task ended unexpectedly. */
export class WorkerCrashedError extends RayError {
  static override readonly code = 'WORKER_CRASHED'
}

/** The worker that ran a task or an actor used more memory than it may. */
export class OutOfMemoryError extends RayError {
  static override readonly code = 'OUT_OF_MEMORY'
}

/** The task was cancelled, before or while it ran. */
export class TaskCancelledError extends RayError {
  static override readonly code = 'TASK_CANCELLED'
}

/** More calls are pending on a handle than `maxPendingCalls` allows. */
export class PendingCallsLimitExceeded extends RayError {
  static override readonly code = 'PENDING_CALLS_LIMIT_EXCEEDED'
}

/** The object store has no room for the value. */
export class ObjectStoreFullError extends RayError {
  static override readonly code = 'OBJECT_STORE_FULL'
}

/** The object's value is gone. The base of {@link ObjectFreedError} and {@link OwnerDiedError}. */
export class ObjectLostError extends RayError {
  static override readonly code: ErrorCode = 'OBJECT_LOST'
  readonly objectId: string | undefined

  constructor(message: string, options?: ErrorOptions & { objectId?: string }) {
    super(message, options)
    this.objectId = options?.objectId
  }
}

/** The object was freed explicitly. */
export class ObjectFreedError extends ObjectLostError {
  static override readonly code = 'OBJECT_FREED'
}

/** The thread or process that owned the object ended. */
export class OwnerDiedError extends ObjectLostError {
  static override readonly code = 'OWNER_DIED'
}

/** `get` reached its timeout; the task goes on. */
export class GetTimeoutError extends RayError {
  static override readonly code = 'GET_TIMEOUT'
}

/** The queue has no room (`ray.util.queue.Full`). */
export class Full extends RayError {
  static override readonly code = 'QUEUE_FULL'
}

/** The queue has no item, or not as many as were asked for (`ray.util.queue.Empty`). */
export class Empty extends RayError {
  static override readonly code = 'QUEUE_EMPTY'
}

/** The other side of the channel is closed. On the sending side `value` gives back what was not sent. */
export class ChannelClosed<Value = unknown> extends KlawError {
  static override readonly code = 'CHANNEL_CLOSED'
  readonly value: Value | undefined

  constructor(message = 'the channel is closed', options?: ErrorOptions & { value?: Value }) {
    super(message, options)
    this.value = options?.value
  }
}

/** The channel has no room now. `value` gives back what was not sent. */
export class ChannelFull<Value = unknown> extends KlawError {
  static override readonly code = 'CHANNEL_FULL'
  readonly capacity: number
  readonly value: Value | undefined

  constructor(message: string, options: ErrorOptions & { capacity: number; value?: Value }) {
    super(message, options)
    this.capacity = options.capacity
    this.value = options.value
  }
}

/** The channel is open and has no item now. */
export class ChannelEmpty extends KlawError {
  static override readonly code = 'CHANNEL_EMPTY'

  constructor(message = 'the channel is empty', options?: ErrorOptions) {
    super(message, options)
  }
}

/** A channel operation reached its `timeout` (milliseconds). Nothing was sent or taken. */
export class ChannelTimeout extends KlawError {
  static override readonly code = 'CHANNEL_TIMEOUT'
  readonly timeout: number

  constructor(message: string, options: ErrorOptions & { timeout: number }) {
    super(message, options)
    this.timeout = options.timeout
  }
}

/**
 * A batch that is larger than the channel's capacity was given up half-way. The first `sent` values are accepted and will be
 * delivered; `unsent` gives back the others. The `cause` says why: the signal's reason, or a {@link ChannelTimeout}.
 */
export class ChannelPartialSend<Value = unknown> extends KlawError {
  static override readonly code = 'CHANNEL_PARTIAL_SEND'
  readonly sent: number
  readonly unsent: readonly Value[]

  constructor(options: ErrorOptions & { sent: number; unsent: readonly Value[] }) {
    super(`${options.sent} values of the batch were sent, ${options.unsent.length} were not`, options)
    this.sent = options.sent
    this.unsent = options.unsent
  }
}

/** A broadcast receiver was too slow: `missed` values were overwritten before it read them. */
export class ChannelLagged extends KlawError {
  static override readonly code = 'CHANNEL_LAGGED'
  readonly missed: number

  constructor(options: ErrorOptions & { missed: number }) {
    super(`the receiver was too slow and missed ${options.missed} values`, options)
    this.missed = options.missed
  }
}

/** One thing that a schema found wrong with a value. */
export interface SchemaIssue {
  readonly message: string
  /** Where in the value, as in `user.tags[2]`; empty for the value itself. */
  readonly path: string
}

/**
 * The channel's schema refuses the value: of a send, which then has sent nothing, or of a receive, when a value came that somebody has sent under
 * another schema or none. `at` says which. What was received and refused is in `value`, and is not delivered again.
 */
export class ChannelSchemaError extends KlawError {
  static override readonly code = 'CHANNEL_SCHEMA'
  readonly issues: readonly SchemaIssue[]
  readonly at: 'send' | 'recv'
  /** As it was received; undefined for a send. */
  readonly value: unknown

  constructor(
    issues: readonly SchemaIssue[],
    options?: ErrorOptions & { received?: { value: unknown; channel: string | undefined } },
  ) {
    const { received } = options ?? {}
    super(`${schemaRefusal(received)}: ${issues.map(issueText).join('; ')}`, options)
    this.issues = issues
    this.at = received === undefined ? 'send' : 'recv'
    // It may be anything, and is not for logs.
    hidden(this, 'value', received?.value)
  }
}

function schemaRefusal(received: { channel: string | undefined } | undefined): string {
  if (received === undefined) return "the channel's schema refuses the value"
  const channel = received.channel === undefined ? 'the channel' : `the channel ${JSON.stringify(received.channel)}`
  return `the schema of ${channel} refuses a value that it received from a sender with another schema, or none`
}

function issueText({ message, path }: SchemaIssue): string {
  return path === '' ? message : `${path}: ${message}`
}

/** A channel of that name exists with another kind, capacity or mode; the message says both. */
export class ChannelConfigMismatch extends KlawError {
  static override readonly code = 'CHANNEL_CONFIG_MISMATCH'
}

/** No channel of that name exists in that namespace. */
export class ChannelNotFound extends KlawError {
  static override readonly code = 'CHANNEL_NOT_FOUND'
}

/** The engine that holds the channel failed. `unconfirmed` counts the sends whose fate is not known. */
export class ChannelBackendError extends KlawError {
  static override readonly code = 'CHANNEL_BACKEND'
  readonly backend: string
  readonly channelName: string | undefined
  readonly namespace: string | undefined
  readonly unconfirmed: number

  constructor(
    message: string,
    options: ErrorOptions & { backend: string; channelName?: string; namespace?: string; unconfirmed?: number },
  ) {
    super(message, options)
    this.backend = options.backend
    this.channelName = options.channelName
    this.namespace = options.namespace
    this.unconfirmed = options.unconfirmed ?? 0
  }
}

/** Defines a property that stays out of logs and serialized own properties. */
function hidden(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: false, configurable: true, writable: true })
}
