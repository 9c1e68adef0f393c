import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import type { PendingCall } from '../../../src/engine/calls/pending-call.ts'
import type { LeaseGrant } from '../../../src/engine/local/task-lease.ts'
import { type TaskOwner, Tasks } from '../../../src/engine/local/tasks.ts'
import { WorkerCrashedError } from '../../../src/errors.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const code = { module: 'file:///jobs.ts', name: 'job' }
const spec = { numCpus: 1, maxRetries: 1, retryExceptions: false }
const value = { bytes: new Uint8Array([0xc0]) }

test('the end of a worker is heard of by those who took the place of an idle queue', async () => {
  const hub = new FakeHub()
  hub.submit()
  await hub.grant({ lease: 1, session: 7, cause: undefined })
  hub.sent[0]!.succeeded(value)
  // The worker would be kept for a moment; others want it.
  hub.tell('task.recall', 1)
  hub.submit()
  await hub.grant({ lease: 2, session: 8, cause: undefined })
  await vi.advanceTimersByTimeAsync(1_000)
  hub.sent[1]!.lost()
  hub.tell('task.ended', { lease: 2, cause: new Error('exit') })
  expect(hub.asked).toBe(3)
  await hub.grant({ lease: 3, session: 9, cause: undefined })
  hub.sent[2]!.succeeded(value)
  expect(hub.outcomes).toEqual(['settled', 'settled'])
})

test('a worker that has gone before it could begin counts as one that crashed', async () => {
  const hub = new FakeHub()
  hub.submit()
  const cause = new Error('no memory')
  await hub.grant({ lease: 1, session: 7, cause })
  expect(hub.outcomes).toEqual([])
  await hub.grant({ lease: 2, session: 8, cause })
  expect(hub.sent).toEqual([])
  expect(hub.outcomes).toHaveLength(1)
  expect(hub.outcomes[0]).toBeInstanceOf(WorkerCrashedError)
  expect((hub.outcomes[0] as Error).message).toContain('no memory')
})

/** The hub, the workers and the rest of the engine, as tasks see them. */
class FakeHub {
  asked = 0
  readonly sent: PendingCall[] = []
  readonly outcomes: unknown[] = []
  readonly #operations = new Map<string, (value: never) => unknown>()
  readonly #requests: ((grant: LeaseGrant) => void)[] = []
  readonly #tasks: Tasks

  constructor() {
    const owner = {
      lost: undefined,
      client: {
        operations: this.#operations,
        connection: {
          notify() {},
          request: () => {
            this.asked++
            return new Promise<LeaseGrant>((resolve) => this.#requests.push(resolve))
          },
        },
      },
      outcome: () => ({
        settle: () => this.outcomes.push('settled'),
        fail: (error: unknown) => this.outcomes.push(error),
      }),
      prepare: (_call: PendingCall, _args: readonly unknown[], ready: () => void) => ready(),
      peer: (session: number) => ({ session, send: (call: PendingCall) => this.sent.push(call) }),
      callStarted() {},
      callEnded() {},
      releaseTokens() {},
    }
    this.#tasks = new Tasks(owner as unknown as TaskOwner)
  }

  submit(): void {
    this.#tasks.submit(code, spec as never, [])
  }

  /** Answers the request that has waited longest. */
  async grant(grant: LeaseGrant): Promise<void> {
    this.#requests.shift()!(grant)
    await vi.advanceTimersByTimeAsync(0)
  }

  tell(event: string, value: unknown): void {
    this.#operations.get(event)!(value as never)
  }
}
