import { expect, test } from 'vitest'
import { objectionToRayVersion, parseRayVersion } from '../../../src/cluster/ray-version.ts'

test('the version is read out of what ray prints', () => {
  expect(parseRayVersion('ray, version 2.60.0\n')).toBe('2.60.0')
  expect(parseRayVersion('warning: something\nray, version 3.0.0.dev0\n')).toBe('3.0.0.dev0')
  expect(parseRayVersion('pyenv: ray: command not found')).toBeUndefined()
})

test.each(['2.51.0', '2.60.0', '2.100.1', '2.55.0rc1'])('Ray %s will do', (version) => {
  expect(objectionToRayVersion(version)).toBeUndefined()
})

test.each([
  ['2.9.3', 'Ray 2.9.3 is older than 2.51'],
  ['2.50.1', 'Ray 2.50.1 is older than 2.51'],
  ['1.13.0', 'Ray 1.13.0 is not a 2.x'],
  ['3.0.0', 'Ray 3.0.0 is not a 2.x'],
])('Ray %s will not do', (version, objection) => {
  expect(objectionToRayVersion(version)).toBe(objection)
})
