import type { ResourceRequest, RuntimeEnv } from '../actor-engine.ts'

/** Request `task.lease`: a worker for tasks that need this. */
export type LeaseRequest = ResourceRequest & { readonly runtimeEnv: RuntimeEnv | undefined }

/** The answer: the worker is the asker's until `task.return`, or until event `task.ended` says that it has gone. */
export interface LeaseGrant {
  readonly lease: number
  readonly session: number
  /** Why the worker has gone before it could do anything; undefined as a rule. */
  readonly cause: Error | undefined
}

/** Event `task.ended`. */
export interface LeaseEnd {
  readonly lease: number
  readonly cause: Error
}
