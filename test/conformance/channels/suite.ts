import type {
  BroadcastReceiver,
  BroadcastSender,
  Delivery,
  OneshotReceiver,
  OneshotSender,
  Receiver,
  Sender,
  WatchReceiver,
  WatchSender,
} from '@klaw/core'
import { afterAll, beforeAll, describe, test } from 'vitest'

/** The factories of an engine. Options and results are those of `@klaw/core/channel`, as promises. */
export interface ChannelFactories {
  channel<T>(options?: { capacity?: number; unbounded?: boolean }): Promise<[Sender<T>, Receiver<T>]>
  acknowledged<T>(options?: { capacity?: number; ackTimeout?: number }): Promise<[Sender<T>, Receiver<Delivery<T>>]>
  /** Passes options as they are, right or wrong. */
  channelWith(options: object): Promise<[Sender<unknown>, Receiver<unknown>]>
  oneshot<T>(): Promise<[OneshotSender<T>, OneshotReceiver<T>]>
  broadcast<T>(options?: { capacity?: number }): Promise<[BroadcastSender<T>, BroadcastReceiver<T>]>
  watch<T>(initial: T): Promise<[WatchSender<T>, WatchReceiver<T>]>
}

/** An engine that the channel suites run over. */
export interface ChannelEngineUnderTest {
  readonly name: string
  /** Cases that it does not pass yet, as `suite: case`. Meant to be empty. A case in it that passes fails the run. */
  readonly knownFailing: readonly string[]
  open(): Promise<ChannelFactories & { close(): Promise<void> }>
}

/** Declares one case of a suite. */
export type Case = (name: string, run: () => Promise<void>) => void

export interface ChannelSuite {
  readonly name: string
  /** `engine` can be used inside the cases only. */
  define(engine: ChannelFactories, it: Case): void
}

/** Makes a suite. */
export function suite(name: string, define: ChannelSuite['define']): ChannelSuite {
  return { name, define }
}

/** Runs suites over one engine, which is opened once for all of them. */
export function runSuites(under: ChannelEngineUnderTest, suites: readonly ChannelSuite[]): void {
  describe(under.name, () => {
    let opened: Awaited<ReturnType<ChannelEngineUnderTest['open']>>
    beforeAll(async () => {
      opened = await under.open()
    })
    afterAll(() => opened.close())

    const engine: ChannelFactories = {
      channel: (options) => opened.channel(options),
      acknowledged: (options) => opened.acknowledged(options),
      channelWith: (options) => opened.channelWith(options),
      oneshot: () => opened.oneshot(),
      broadcast: (options) => opened.broadcast(options),
      watch: (initial) => opened.watch(initial),
    }
    const known = new Set(under.knownFailing)
    const seen = new Set<string>()
    for (const { name, define } of suites) {
      describe(name, () => {
        define(engine, (each, run) => {
          const id = `${name}: ${each}`
          seen.add(id)
          if (known.has(id)) test.fails(each, run)
          else test(each, run)
        })
      })
    }
    test('every case that is known to fail exists', () => {
      const unknown = [...known].filter((id) => !seen.has(id))
      if (unknown.length > 0) throw new Error(`no such case: ${unknown.join(', ')}`)
    })
  })
}
