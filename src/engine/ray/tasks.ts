import type { TaskSpec } from '../actor-engine.ts'
import type { CodeAddress } from '../definition.ts'
import type { RayClient } from './client.ts'
import type { RayObjects } from './objects.ts'
import { taskOptions } from './options.ts'
import type { RayObject } from './ray-object.ts'
import { requestWith } from './requests.ts'
import type { RayStreams } from './streams.ts'

/** Functions in Python that run somewhere in the cluster. */
export class RayTasks {
  readonly #client: RayClient
  readonly #objects: RayObjects
  readonly #streams: RayStreams

  constructor(client: RayClient, objects: RayObjects, streams: RayStreams) {
    this.#client = client
    this.#objects = objects
    this.#streams = streams
  }

  submit({ module, name }: CodeAddress, spec: TaskSpec, args: readonly unknown[]): RayObject {
    const { lost } = this.#objects
    if (lost !== undefined) return this.#objects.failed(lost)
    const object = this.#objects.create()
    const submission = requestWith(this.#client.connection, this.#objects, 'task.submit', args, (passed) => ({
      number: object.share.number,
      module,
      name,
      args: passed,
      options: taskOptions(spec),
    }))
    this.#objects.making(object, submission)
    return object
  }

  submitStream(
    { module, name }: CodeAddress,
    spec: TaskSpec,
    args: readonly unknown[],
  ): AsyncIterableIterator<unknown> {
    return this.#streams.open({ module, name, options: taskOptions(spec) }, args)
  }
}
