import { expect, test } from 'vitest'
import { PyCall, PyGlobal } from '../../../src/engine/ray/bootstrap/pickle-values.ts'
import { pickle } from '../../../src/engine/ray/bootstrap/pickle-writer.ts'
import { describeException, pythonError } from '../../../src/engine/ray/bootstrap/python-error.ts'

const taskError = new PyGlobal('ray.exceptions', 'RayTaskError')

test('an exception is its class and its arguments', () => {
  const error = new PyCall(new PyGlobal('builtins', 'ValueError'), ['no', 7])
  expect(describeException(error)).toEqual({ type: 'ValueError', message: 'no, 7', traceback: undefined })
})

test('a task that failed has its traceback, and the message of what it failed with', () => {
  const cause = new PyCall(new PyGlobal('builtins', 'KeyError'), ['k'])
  const error = new PyCall(taskError, ['f()', 'Traceback: KeyError', cause])
  expect(describeException(error)).toEqual({
    type: 'ray.exceptions.RayTaskError',
    message: 'k',
    traceback: 'Traceback: KeyError',
  })
  expect(pythonError('it failed', pickle(error)).message).toBe('it failed: Traceback: KeyError')
})

test('attributes say more than arguments', () => {
  const error = new PyCall(new PyGlobal('ray.exceptions', 'ActorDiedError'), [])
  error.states.push(new Map([['error_msg', 'it was killed']]))
  expect(describeException(error).message).toBe('it was killed')
})

test('a reason that cannot be read is said to be one', () => {
  const error = pythonError('it failed', Uint8Array.from([1, 2, 3]))
  expect(error.message).toBe('it failed, and the reason cannot be read')
  expect(error.cause).toBeInstanceOf(Error)
})

test('anything gives a description, circles among them', () => {
  const circle = new PyCall(new PyGlobal('m', 'Error'), [])
  circle.states.push(new Map([['cause', circle]]))
  for (const value of [null, 1, 'text', new Uint8Array(3), [], new Map(), circle]) {
    expect(typeof describeException(value).message).toBe('string')
  }
})
