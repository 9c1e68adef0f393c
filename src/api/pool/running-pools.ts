import { waitFor } from '../../core/waitable.ts'
import { RuntimeClosedError } from '../../errors.ts'
import { systemClock } from '../system-clock.ts'
import type { Control } from './control.ts'

/** The pools of a runtime, which end with it. */
export class RunningPools {
  readonly #controls = new Set<Pick<Control<unknown>, 'ending' | 'end'>>()

  add(control: Pick<Control<unknown>, 'ending' | 'end'>): void {
    this.#controls.add(control)
    void waitFor(control.ending, undefined, systemClock, 'done').then(() => this.#controls.delete(control))
  }

  /** Ends them all at once. */
  end(): void {
    for (const control of this.#controls) control.end(new RuntimeClosedError('the runtime has been shut down'))
  }
}
