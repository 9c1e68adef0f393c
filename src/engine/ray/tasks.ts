import type { TaskSpec } from '../actor-engine.ts'
import type { CodeAddress } from '../definition.ts'
import type { RayClient } from './client.ts'
import type { Shipping } from './code/shipping.ts'
import type { RayObjects } from './objects.ts'
import { taskOptions } from './options.ts'
import type { RayObject } from './ray-object.ts'
import { requestWith } from './requests.ts'
import type { RayStreams } from './streams.ts'

/** Functions that run somewhere in the cluster. */
export class RayTasks {
  readonly #client: RayClient
  readonly #objects: RayObjects
  readonly #streams: RayStreams
  readonly #shipping: Shipping

  constructor(client: RayClient, objects: RayObjects, streams: RayStreams, shipping: Shipping) {
    this.#client = client
    this.#objects = objects
    this.#streams = streams
    this.#shipping = shipping
  }

  submit(code: CodeAddress, spec: TaskSpec, args: readonly unknown[]): RayObject {
    const { lost } = this.#objects
    if (lost !== undefined) return this.#objects.failed(lost)
    const object = this.#objects.create()
    const { number } = object.share
    const { module, name, language } = code
    const options = taskOptions(spec)
    const submission =
      language === 'python'
        ? requestWith(this.#client.connection, this.#objects, 'task.submit', args, (passed) => ({
            number,
            module,
            name,
            args: passed,
            options,
          }))
        : this.#shipping.ship({
            operation: 'typescript.submit',
            number,
            address: code,
            about: { name },
            args,
            details: { options },
            failed: (error) => object.fail(error),
            refused: () => {},
          })
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
