import { expect, test } from 'vitest'
import { checkLanguage } from '../../../src/api/language.ts'
import { parseRayAddress } from '../../../src/api/ray-address.ts'
import { checkRayOptions } from '../../../src/api/ray-options.ts'
import type { ActorEngine } from '../../../src/engine/actor-engine.ts'
import type { Language } from '../../../src/engine/definition.ts'

test.each([
  ['ray://head', 'head', 10_001],
  ['ray://head:7', 'head', 7],
  ['ray://10.0.0.7:10001/', '10.0.0.7', 10_001],
  ['ray://[::1]', '::1', 10_001],
  ['ray://[fe80::1]:20', 'fe80::1', 20],
])('%s', (address, host, port) => {
  expect(parseRayAddress(address)).toEqual({ host, port })
})

test.each([
  '',
  'ray',
  'ray://',
  'ray:head',
  'head:1',
  'ray://a b',
  'ray://head:x',
  'ray://head:0',
  'ray://::1',
  7,
  null,
])('%j is refused, saying what is allowed', (address) => {
  expect(() => parseRayAddress(address)).toThrow(/'address'/)
})

test.each([
  [{ namespace: '' }, 'namespace'],
  [{ timeout: 0 }, 'timeout'],
  [{ timeout: '1' }, 'timeout'],
  [{ lane: 'fast' }, 'lane'],
  [{ tls: true }, 'tls'],
  [{ tls: {} }, 'tls.ca'],
  [{ authToken: '' }, 'authToken'],
  [{ imports: 'module' }, 'imports'],
  [{ imports: [''] }, 'imports[0]'],
  [{ runtimeEnv: [] }, 'runtimeEnv'],
  [{ runtimeEnv: { env_vars: { A: 1 } } }, 'runtimeEnv.env_vars.A'],
  [{ numCpus: 2 }, 'numCpus'],
])('the options %j are refused by name', (options, name) => {
  expect(() => checkRayOptions(options as object)).toThrow(name)
})

test('an engine refuses definitions in a language that it does not run', () => {
  const engine = (...languages: Language[]) => ({ languages }) as unknown as ActorEngine
  const python = { language: 'python', module: 'm', name: 'N' } as const
  const typescript = { module: 'file:///m.ts', name: 'N' }
  expect(() => checkLanguage(engine('typescript'), 'actor', python)).toThrow("connect('ray://host:10001')")
  expect(() => checkLanguage(engine('typescript'), 'task', python)).toThrow("task 'N' is written in Python")
  checkLanguage(engine('typescript'), 'actor', typescript)
  checkLanguage(engine('python', 'typescript'), 'actor', typescript)
  checkLanguage(engine('python', 'typescript'), 'task', python)
})
