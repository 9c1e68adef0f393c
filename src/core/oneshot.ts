import { ChannelClosed } from '../errors.ts'
import { failed, type Result } from '../result.ts'
import type { Clock } from './clock.ts'
import { Mpmc, type Passing } from './mpmc.ts'
import { asIs, MpmcReceivePort } from './mpmc-receive-port.ts'
import { MpmcSendPort } from './mpmc-send-port.ts'
import type { OneshotReceivePort, OneshotSendPort, WaitOptions } from './ports.ts'

/** A channel for one value: one slot, and a sender that closes itself once it has sent. */
export function openOneshot<T>(clock: Clock, passing: Passing<T, T>): [OneshotSendPort<T>, OneshotReceivePort<T>] {
  const channel = new Mpmc<T>(1, passing.drop)
  const send = new MpmcSendPort<T, T>(channel, clock, passing)
  return [new OneshotSend(send), new MpmcReceivePort(channel, clock, asIs<T>())]
}

class OneshotSend<T> implements OneshotSendPort<T> {
  readonly #port: MpmcSendPort<T, T>
  #sent = false

  constructor(port: MpmcSendPort<T, T>) {
    this.#port = port
  }

  get isClosed(): boolean {
    return this.#port.isClosed
  }

  trySend(value: T): Result<void, ChannelClosed> {
    if (this.#sent) return failed(new ChannelClosed('this oneshot has sent its value already', { value }))
    const result = this.#port.trySend(value)
    if (result.ok) {
      this.#sent = true
      this.#port.close()
    }
    // Its one slot is free until it has sent.
    return result as Result<void, ChannelClosed>
  }

  closed(options: WaitOptions | undefined): Promise<void> {
    return this.#port.closed(options)
  }

  close(): void {
    this.#port.close()
  }
}
