import { type SelectSource, selectFrom } from '../core/select.ts'
import type { ChannelClosed } from '../errors.ts'
import { type Result, success } from '../result.ts'
import { checkFlag, checkKeys, checkSignal, checkTime, show } from './arguments.ts'
import { settledOutcome } from './checking.ts'
import { type Selectable, selectSymbol, sendSymbol } from './handle.ts'
import { quiet } from './quiet.ts'
import type { Sender } from './sender.ts'
import { systemClock } from './system-clock.ts'

/** What can be a case: a receiver of any kind, {@link sending}, {@link after}, or an `AbortSignal`. */
export type SelectCase = Selectable<unknown> | AbortSignal

/** The cases of a {@link select}, by name or by number. */
export type SelectCases = readonly SelectCase[] | Readonly<Record<string, SelectCase>>

/** What a case brings when it wins. */
export type OutcomeOf<Case> =
  Case extends Selectable<infer Outcome> ? Outcome : Case extends AbortSignal ? Result<unknown, never> : never

type Index<Key> = Key extends `${infer Number extends number}` ? Number : never

/** The case that won, and what it brought: a discriminated union over the cases. */
export type Selected<Cases extends SelectCases> = Cases extends readonly SelectCase[]
  ? number extends Cases['length']
    ? { readonly case: number; readonly value: OutcomeOf<Cases[number]> }
    : {
        [Key in keyof Cases & `${number}`]: { readonly case: Index<Key>; readonly value: OutcomeOf<Cases[Key]> }
      }[keyof Cases & `${number}`]
  : { [Key in keyof Cases & string]: { readonly case: Key; readonly value: OutcomeOf<Cases[Key]> } }[keyof Cases &
      string]

/** What {@link select} gives when nothing is ready and `default: true` was asked for. */
export interface SelectedDefault {
  readonly case: 'default'
  readonly value: undefined
}

/** Options of {@link select}. */
export interface SelectOptions {
  /** The first case that is ready wins. Absent: each that is ready has the same chance. */
  readonly biased?: boolean | undefined
  /** Does not wait: if no case is ready, the answer is `{ case: 'default' }`. */
  readonly default?: boolean | undefined
  /** Rejects with the signal's reason; then no case has won. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Waits for several things at once: exactly one case wins and takes effect, the others are left as if they had not been there. No item
 * is ever lost. Cases can come from different engines.
 *
 * A receiver that is closed and drained is ready: its case brings a failed result. So is `sending` on a closed channel.
 *
 * Cancel safety: when it was aborted, no case has taken effect.
 *
 * Source of the semantics: Go's `select`, tokio's `select!`.
 *
 * @throws TypeError for no case, for something that is no case, or wrong options
 * @throws the signal's reason, when it aborts
 *
 * @example
 * ```ts
 * import { after, channel, select } from '@klaw/core/channel'
 *
 * const [tx, jobs] = channel<string>()
 * await tx.send('work')
 * const won = await select({ jobs, idle: after(1_000) })
 * if (won.case === 'jobs') console.log(won.value.ok ? won.value.value : 'closed')
 * else console.log('nothing to do for a second')
 * ```
 */
export function select<const Cases extends SelectCases>(
  cases: Cases,
  options: SelectOptions & { readonly default: true },
): Promise<Selected<Cases> | SelectedDefault>
export function select<const Cases extends SelectCases>(
  cases: Cases,
  options?: SelectOptions & { readonly default?: false | undefined },
): Promise<Selected<Cases>>
export function select<const Cases extends SelectCases>(
  cases: Cases,
  options?: SelectOptions,
): Promise<Selected<Cases> | SelectedDefault>
export function select(cases: SelectCases, options: SelectOptions = {}): Promise<unknown> {
  try {
    checkKeys('options', options, ['biased', 'default', 'signal'])
    const { biased = false, default: orNothing = false, signal } = options
    checkFlag('biased', biased)
    checkFlag('default', orNothing)
    checkSignal(signal)
    const keys = keysOf(cases, orNothing)
    const sources: SelectSource<Result<unknown, Error>>[] = keys.map((key) =>
      sourceOf(key, (cases as Record<string, SelectCase>)[key]),
    )
    const selection = { biased, orNothing, signal, clock: systemClock, random: Math.random }
    return quiet(
      selectFrom(sources, selection).then((selected) => {
        if (selected === undefined) return { case: 'default', value: undefined }
        const won = (outcome: unknown) => ({ case: keys[selected.index], value: outcome })
        const outcome = settledOutcome(selected.outcome)
        return outcome instanceof Promise ? outcome.then(won) : won(outcome)
      }),
    )
  } catch (error) {
    return Promise.reject(error)
  }
}

/** A case that sends a value when it wins. Its result is failed when the channel is closed. */
export function sending<T>(sender: Sender<T>, value: T): Selectable<Result<void, ChannelClosed<T>>> {
  if (typeof (sender as Partial<Sender<T>> | null | undefined)?.[sendSymbol] !== 'function') {
    throw new TypeError(`'sender' must be the Sender of a channel, got ${show(sender)}`)
  }
  return { [selectSymbol]: () => sender[sendSymbol](value) as SelectSource<Result<void, ChannelClosed<T>>> }
}

/** A case that is ready `milliseconds` after this call. Its timer runs only while a `select` waits for it. */
export function after(milliseconds: number): Selectable<Result<void, never>> {
  checkTime('milliseconds', milliseconds)
  const time = systemClock.now() + milliseconds
  // A timer may fire a little early. Once it has, the time is over for every later select too.
  let over = false
  const left = () => (over ? 0 : Math.max(0, time - systemClock.now()))
  const source: SelectSource<Result<void, never>> = {
    ready: () => left() === 0,
    take: () => success(undefined),
    park(win) {
      if (time === Number.POSITIVE_INFINITY) return () => {}
      const timer = systemClock.setTimer(() => {
        over = true
        win(success(undefined))
      }, left())
      return () => systemClock.clearTimer(timer)
    },
  }
  return { [selectSymbol]: () => source }
}

function keysOf(cases: SelectCases, orNothing: boolean): (string | number)[] {
  if (typeof cases !== 'object' || cases === null) {
    throw new TypeError(`'cases' must be an object or an array of cases, got ${show(cases)}`)
  }
  const keys: (string | number)[] = Array.isArray(cases) ? [...cases.keys()] : Object.keys(cases)
  if (keys.length === 0 && !orNothing) throw new TypeError('a select without a case would wait for ever')
  if (orNothing && keys.includes('default'))
    throw new TypeError(`no case can be called 'default' with { default: true }`)
  return keys
}

function sourceOf(key: string | number, value: SelectCase | undefined): SelectSource<Result<unknown, Error>> {
  if (typeof (value as Partial<Selectable<unknown>> | null | undefined)?.[selectSymbol] === 'function') {
    return (value as Selectable<Result<unknown, Error>>)[selectSymbol]()
  }
  if (typeof (value as Partial<AbortSignal> | null | undefined)?.aborted === 'boolean') {
    return signalSource(value as AbortSignal)
  }
  throw new TypeError(`case '${key}' must be a receiver, sending(…), after(…) or an AbortSignal, got ${show(value)}`)
}

function signalSource(signal: AbortSignal): SelectSource<Result<unknown, never>> {
  return {
    ready: () => signal.aborted,
    take: () => success(signal.reason as unknown),
    park(win) {
      const onAbort = () => win(success(signal.reason as unknown))
      signal.addEventListener('abort', onAbort, { once: true })
      return () => signal.removeEventListener('abort', onAbort)
    },
  }
}
