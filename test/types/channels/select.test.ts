import {
  after,
  type BroadcastReceiver,
  type ChannelClosed,
  type ChannelLagged,
  type Delivery,
  type OneshotReceiver,
  type Receiver,
  type Result,
  type SelectedDefault,
  type Sender,
  select,
  sending,
  type WatchReceiver,
} from '@klaw/core'
import { expectTypeOf, test } from 'vitest'

declare const numbers: Receiver<number>
declare const jobs: Receiver<Delivery<string>>
declare const reply: OneshotReceiver<boolean>
declare const events: BroadcastReceiver<Date>
declare const state: WatchReceiver<symbol>
declare const sink: Sender<'out' | 'in'>

test('the outcome is a union over the cases, told apart by their names', async () => {
  const won = await select({
    numbers,
    jobs,
    reply,
    events,
    state,
    sent: sending(sink, 'out'),
    late: after(10),
    stop: new AbortController().signal,
  })
  expectTypeOf(won).not.toBeAny()
  expectTypeOf(won.case).toEqualTypeOf<'numbers' | 'jobs' | 'reply' | 'events' | 'state' | 'sent' | 'late' | 'stop'>()
  switch (won.case) {
    case 'numbers':
      return expectTypeOf(won.value).toEqualTypeOf<Result<number, ChannelClosed>>()
    case 'jobs':
      return expectTypeOf(won.value).toEqualTypeOf<Result<Delivery<string>, ChannelClosed>>()
    case 'reply':
      return expectTypeOf(won.value).toEqualTypeOf<Result<boolean, ChannelClosed>>()
    case 'events':
      return expectTypeOf(won.value).toEqualTypeOf<Result<Date, ChannelLagged | ChannelClosed>>()
    case 'state':
      return expectTypeOf(won.value).toEqualTypeOf<Result<symbol, ChannelClosed>>()
    case 'sent':
      return expectTypeOf(won.value).toEqualTypeOf<Result<void, ChannelClosed<'out'>>>()
    case 'late':
      return expectTypeOf(won.value).toEqualTypeOf<Result<void, never>>()
    default:
      expectTypeOf(won.case).toEqualTypeOf<'stop'>()
      return expectTypeOf(won.value).toEqualTypeOf<Result<unknown, never>>()
  }
})

test('cases of an array have numbers', async () => {
  const won = await select([numbers, reply])
  expectTypeOf(won).toEqualTypeOf<
    | { readonly case: 0; readonly value: Result<number, ChannelClosed> }
    | { readonly case: 1; readonly value: Result<boolean, ChannelClosed> }
  >()
  const many = await select([] as Receiver<number>[])
  expectTypeOf(many).toEqualTypeOf<{ readonly case: number; readonly value: Result<number, ChannelClosed> }>()
})

test('the default is in the type only when it can happen', async () => {
  const waited = await select({ numbers })
  expectTypeOf(waited).toEqualTypeOf<{ readonly case: 'numbers'; readonly value: Result<number, ChannelClosed> }>()
  expectTypeOf(await select({ numbers }, { biased: true, default: false })).toEqualTypeOf<typeof waited>()
  const polled = await select({ numbers }, { default: true })
  expectTypeOf(polled).toEqualTypeOf<typeof waited | SelectedDefault>()
  if (polled.case === 'default') expectTypeOf(polled.value).toEqualTypeOf<undefined>()
  expectTypeOf(await select({ numbers }, { default: true as boolean })).toEqualTypeOf<typeof waited | SelectedDefault>()
})

test('what is no case is refused', () => {
  // @ts-expect-error a sender alone says not what to send
  select({ sink })
  // @ts-expect-error a promise is no case
  select([Promise.resolve(1)])
  // @ts-expect-error not what the sender sends
  sending(sink, 'else')
  // @ts-expect-error an unknown option
  select({ numbers }, { fair: true })
})
