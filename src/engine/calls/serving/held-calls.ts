import { WaiterList } from '../../../core/waiters.ts'
import type { FrameCall } from './frame-call.ts'
import type { IncomingCall, WaitingLine } from './incoming-call.ts'

/** Calls of one caller that wait for arguments, or behind such calls: their order is kept. */
export class HeldCalls implements WaitingLine {
  readonly #calls = new WaiterList<FrameCall>()
  readonly #unresolved = new Set<IncomingCall>()
  readonly #slots = new WeakMap<IncomingCall, number>()
  readonly #dispatch: (call: FrameCall, slot: number) => void

  /** @param dispatch runs a call when it is its turn */
  constructor(dispatch: (call: FrameCall, slot: number) => void) {
    this.#dispatch = dispatch
  }

  get length(): number {
    return this.#calls.length
  }

  /** Holds a call, at least until those before it have left. */
  add(call: FrameCall, slot: number): void {
    call.queue = this
    call.server.opened(call)
    this.#slots.set(call, slot)
    this.#calls.push(call)
    if (!call.hasRefs) return
    this.#unresolved.add(call)
    call.resolve().then(
      () => this.#resolved(call),
      (error: unknown) => {
        if (call.queue === this) {
          call.server.refuse(call, error)
          this.withdraw(call)
        }
      },
    )
  }

  /** The caller has gone: none of them will run. */
  clear(): void {
    for (let call = this.#calls.shift(); call !== undefined; call = this.#calls.shift()) call.queue = undefined
    this.#unresolved.clear()
  }

  withdraw(call: IncomingCall): void {
    call.queue = undefined
    this.#unresolved.delete(call)
    if (this.#calls.remove(call as FrameCall)) this.#pump()
  }

  /** What it waits for is an object: nobody here can tell whether that is a circle. */
  awaited(): void {}

  #resolved(call: FrameCall): void {
    this.#unresolved.delete(call)
    this.#pump()
  }

  #pump(): void {
    for (let call = this.#calls.first; call !== undefined && !this.#unresolved.has(call); call = this.#calls.first) {
      this.#calls.shift()
      call.queue = undefined
      this.#dispatch(call, this.#slots.get(call) as number)
    }
  }
}
