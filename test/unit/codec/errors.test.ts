import { expect, test } from 'vitest'
import { Codec } from '../../../src/codec/codec.ts'
import * as errors from '../../../src/errors.ts'
import {
  ActorDiedError,
  ChannelFull,
  KlawError,
  RayActorError,
  RayTaskError,
  SerializationError,
} from '../../../src/errors.ts'

const codec = new Codec()

function roundTrip<T>(value: T): T {
  return codec.decode(codec.encode(value)) as T
}

test.each([Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError])(
  'a %o comes back as its class',
  (Class) => {
    const error = new Class('what went wrong')
    const back = roundTrip(error)
    expect(Object.getPrototypeOf(back)).toBe(Class.prototype)
    expect(back.message).toBe('what went wrong')
    expect(back.stack).toBe(error.stack)
    expect(back.name).toBe(Class.name)
    expect(Object.keys(back)).toEqual([])
    expect(Object.prototype.toString.call(back)).toBe('[object Error]')
    expect('cause' in back).toBe(false)
  },
)

test('cause, own properties and what they hold', () => {
  const cause = Object.assign(new TypeError('inner'), { code: 'E_INNER', when: new Date(5), tags: new Set(['a']) })
  const error = Object.assign(new Error('outer', { cause }), { status: 503, nothing: undefined })
  const back = roundTrip(error)
  expect(back).toMatchObject({ message: 'outer', status: 503, nothing: undefined })
  expect(Object.keys(back)).toEqual(['status', 'nothing'])
  expect(back.cause).toBeInstanceOf(TypeError)
  expect(back.cause).toMatchObject({ code: 'E_INNER', when: new Date(5), tags: new Set(['a']) })
  expect(Object.getOwnPropertyDescriptor(back, 'cause')).toMatchObject({
    enumerable: false,
    writable: true,
    configurable: true,
  })
  expect(roundTrip(new Error('x', { cause: undefined }))).toHaveProperty('cause', undefined)
})

test('an AggregateError keeps its errors', () => {
  const shared = new RangeError('one')
  const back = roundTrip(new AggregateError([shared, 'two', shared], 'several'))
  expect(back).toBeInstanceOf(AggregateError)
  expect(back.errors[0]).toBeInstanceOf(RangeError)
  expect(back.errors[1]).toBe('two')
  expect(back.errors[2]).toBe(back.errors[0])
  expect(Object.keys(back)).toEqual([])
})

test("a signal's reasons come back as DOMExceptions", () => {
  const controller = new AbortController()
  controller.abort()
  for (const reason of [controller.signal.reason as DOMException, new DOMException('too slow', 'TimeoutError')]) {
    const back = roundTrip(reason)
    expect(back).toBeInstanceOf(DOMException)
    expect(back.name).toBe(reason.name)
    expect(back.message).toBe(reason.message)
    expect(back.code).toBe(reason.code)
  }
})

test('an unknown class comes back as the nearest standard class, under its own name', () => {
  class NotFound extends TypeError {
    readonly resource = 'file'
  }
  const back = roundTrip(new NotFound('gone'))
  expect(Object.getPrototypeOf(back)).toBe(TypeError.prototype)
  expect(back.name).toBe('NotFound')
  expect(back.resource).toBe('file')
  expect(String(back)).toBe('NotFound: gone')
  class Named extends Error {
    override name = 'CustomName'
  }
  expect(roundTrip(new Named('x')).name).toBe('CustomName')
})

test('an empty message and no stack', () => {
  const error = new Error()
  delete error.stack
  const back = roundTrip(error)
  expect(back.message).toBe('')
  expect(back.stack).toBe('Error: ')
})

test('properties that cannot be sent are left out of an error, the rest arrives', () => {
  const shared = { fine: true }
  const error = Object.assign(new Error('request failed', { cause: { callback: () => 1, shared } }), {
    code: 'ECONNRESET',
    config: { transform: [() => 1], shared },
    request: Symbol('socket'),
    shared,
    again: shared,
  })
  const back = roundTrip({ error, shared }) as unknown as { error: typeof error; shared: unknown }
  expect(Object.keys(back.error)).toEqual(['code', 'shared', 'again'])
  expect(back.error.again).toBe(back.shared)
  expect(back.error.shared).toBe(back.shared)
  expect('cause' in back.error).toBe(false)
})

test('a left-out property takes its shared objects with it', () => {
  const shared = { deep: [1] }
  const many = Array.from({ length: 40 }, (_, index) => ({ index, shared }))
  const error = Object.assign(new Error('x'), { dropped: { many, view: new Uint8Array(8), end: () => 1 }, kept: many })
  const back = roundTrip(error)
  expect(back.kept[0]?.shared).toBe(back.kept[39]?.shared)
  expect(back.kept).toEqual(many)
})

test('what was left out of one message is unknown to the next', () => {
  const many = Array.from({ length: 40 }, (_, index) => ({ index }))
  const error = Object.assign(new Error('x'), { dropped: { many, end: () => 1 } })
  for (let times = 0; times < 3; times++) expect(roundTrip([error])[0]?.message).toBe('x')
  expect(roundTrip(many)).toEqual(many)
  expect(roundTrip(many[0])).toEqual({ index: 0 })
})

const samples: Partial<Record<string, Error>> = {
  ChannelFull: new errors.ChannelFull('full', { capacity: 3, value: { unsent: [1] } }),
  ChannelTimeout: new errors.ChannelTimeout('late', { timeout: 5 }),
  ChannelPartialSend: new errors.ChannelPartialSend({ sent: 1, unsent: [2, 3] }),
  ChannelLagged: new errors.ChannelLagged({ missed: 7 }),
  ChannelSchemaError: new errors.ChannelSchemaError([{ message: 'no', path: 'a[0]' }]),
  ChannelBackendError: new errors.ChannelBackendError('gone', {
    backend: 'ray',
    channelName: 'c',
    namespace: 'n',
    unconfirmed: 4,
  }),
  SerializationError: new SerializationError('bad', { path: 'args[0]' }),
  DeadlockError: new errors.DeadlockError('loop', { chain: ['a', 'b'] }),
  ActorDiedError: new ActorDiedError('dead', { actorId: 'x', cause: new RangeError('why') }),
}

test.each(
  Object.entries(errors).map(([name, Class]) => [name, Class as unknown as new (message: string) => KlawError]),
)('%s comes back as its class, with its fields', (name, Class) => {
  const error = samples[name] ?? new Class('a message')
  const back = roundTrip(error) as KlawError
  expect(Object.getPrototypeOf(back)).toBe(Class.prototype)
  expect(back).toBeInstanceOf(KlawError)
  expect(back.name).toBe(name)
  expect(back.code).toBe((error as KlawError).code)
  expect({ ...back }).toEqual({ ...error })
  expect(Object.keys(back).sort()).toEqual(Object.keys(error).sort())
  expect(back.message).toBe(error.message)
  expect(back.stack).toBe(error.stack)
  expect(back.cause).toEqual(error.cause)
})

test('a task error keeps the original with its class, and the unsent value comes back', () => {
  const back = roundTrip(new RayTaskError('the method threw', { cause: new RangeError('inside') }))
  expect(back.cause).toBeInstanceOf(RangeError)
  expect(roundTrip(new ActorDiedError('x'))).toBeInstanceOf(RayActorError)
  expect(roundTrip(new ChannelFull('full', { capacity: 3, value: { unsent: [1] } })).value).toEqual({ unsent: [1] })
})

test('a klaw error with a code that this version does not know is a KlawError', () => {
  class Newer extends KlawError {
    static override readonly code = 'FROM_THE_FUTURE' as 'KLAW'
  }
  const back = roundTrip(new Newer('later'))
  expect(Object.getPrototypeOf(back)).toBe(KlawError.prototype)
  expect(back.code).toBe('FROM_THE_FUTURE')
  expect(back.name).toBe('Newer')
})
