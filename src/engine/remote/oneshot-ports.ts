import type { EncodeContext } from '../../codec/handles.ts'
import type { OneshotReceivePort, OneshotSendPort, WaitOptions } from '../../core/ports.ts'
import { ChannelClosed, ChannelFull } from '../../errors.ts'
import { failed, type Result } from '../../result.ts'
import { RemoteReceivePort } from './receive-port.ts'
import type { RemoteSendPort } from './send-port.ts'

/** The sending end of a remote oneshot: a channel with one slot, whose sender closes itself once it has sent. */
export class RemoteOneshotSendPort<T> implements OneshotSendPort<T> {
  readonly #port: RemoteSendPort<T>
  #sent = false

  constructor(port: RemoteSendPort<T>) {
    this.#port = port
  }

  get isClosed(): boolean {
    return this.#port.isClosed
  }

  async trySend(value: T): Promise<Result<void, ChannelClosed>> {
    if (this.#sent) return failed(new ChannelClosed('this oneshot has sent its value already', { value }))
    const result = await this.#port.trySend(value)
    if (!result.ok && result.error instanceof ChannelFull) {
      return failed(new ChannelClosed('this oneshot has sent its value already', { value }))
    }
    if (result.ok) {
      this.#sent = true
      this.#port.close()
    }
    return result as Result<void, ChannelClosed>
  }

  closed(options: WaitOptions | undefined): Promise<void> {
    return this.#port.closed(options)
  }

  close(): void {
    this.#port.close()
  }

  /** The end moves: whoever gets it is the only one who can use it. */
  encodeHandle(context: EncodeContext): { kind: number; body: unknown } {
    const handle = this.#port.encodeHandle(context)
    this.#port.close()
    return handle
  }
}

/** The receiving end of a remote oneshot. */
export class RemoteOneshotReceivePort<T> extends RemoteReceivePort<T> implements OneshotReceivePort<T> {
  /** The end moves: whoever gets it is the only one who can use it. */
  override encodeHandle(context: EncodeContext): { kind: number; body: unknown } {
    const handle = super.encodeHandle(context)
    this.close()
    return handle
  }
}
