import type { TaskSpec } from '../actor-engine.ts'
import type { ProxyOwner } from '../calls/call-owner.ts'
import type { CodeAddress } from '../definition.ts'
import type { ObjectPort } from '../object-engine.ts'
import type { Client } from './client.ts'
import type { LeaseEnd } from './task-lease.ts'
import { TaskQueue } from './task-queue.ts'

/** What tasks need from the engine of their thread. */
export interface TaskOwner extends ProxyOwner {
  readonly client: Client
}

/** The tasks that this thread has submitted. */
export class Tasks {
  readonly #owner: TaskOwner
  /** One for each set of needs: workers that were lent for one can not serve another. */
  readonly #queues = new Map<string, TaskQueue>()

  constructor(owner: TaskOwner) {
    this.#owner = owner
    owner.client.operations.set('task.ended', (end: LeaseEnd) => {
      for (const queue of this.#queues.values()) queue.workerEnded(end)
    })
    owner.client.operations.set('task.recall', (lease: number) => {
      for (const queue of this.#queues.values()) queue.recall(lease)
    })
  }

  submit(code: CodeAddress, spec: TaskSpec, args: readonly unknown[]): ObjectPort {
    const { numCpus, numGpus, memory, resources, runtimeEnv } = spec
    const needs = { numCpus, numGpus, memory, resources, runtimeEnv }
    const key = JSON.stringify(needs)
    let queue = this.#queues.get(key)
    if (queue === undefined) {
      queue = new TaskQueue(this.#owner, needs, () => this.#queues.delete(key))
      this.#queues.set(key, queue)
    }
    return queue.submit(code, spec, args)
  }

  /** The runtime is gone. */
  close(error: Error): void {
    for (const queue of [...this.#queues.values()]) queue.close(error)
  }
}
