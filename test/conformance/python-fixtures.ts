import { type PyActorOptions, pyActorClass, pyFunction } from '@klaw/core'
import type { Fixtures } from './fixtures.ts'

/** A class in `test/fixtures/python/klaw_fixtures/`, which has the methods of the one in TypeScript. */
function actorTwin(module: string, name: string, options?: PyActorOptions<Record<string, unknown>>): never {
  return pyActorClass(`klaw_fixtures.${module}`, name, options as PyActorOptions<object>) as never
}

function taskTwin(name: string): never {
  return pyFunction('klaw_fixtures.tasks', name) as never
}

/** Stands for a fixture of which nothing but the embedded engine's own cases has need. */
const none = undefined as never

/** The twins in Python of the fixtures in TypeScript. */
export const pythonFixtures: Fixtures = {
  Broken: actorTwin('counter', 'Broken'),
  Circle: none,
  Counter: actorTwin('counter', 'Counter'),
  Gate: actorTwin('gate', 'Gate'),
  Holder: actorTwin('holder', 'Holder'),
  Keeper: actorTwin('gate', 'Keeper'),
  Parent: actorTwin('parent', 'Parent'),
  Plain: actorTwin('counter', 'Plain'),
  QueueUser: actorTwin('queue_user', 'QueueUser'),
  SerialWorker: actorTwin('gate', 'SerialWorker'),
  Streams: actorTwin('streams', 'Streams', { generators: ['count', 'words', 'forever'] as never }),
  Thrower: actorTwin('counter', 'Thrower'),
  Worker: actorTwin('gate', 'Worker'),
  crash: taskTwin('crash'),
  environment: taskTwin('environment'),
  explode: taskTwin('explode'),
  fibonacci: taskTwin('fibonacci'),
  passUntilAborted: taskTwin('passUntilAborted'),
  signalOf: none,
  spin: taskTwin('spin'),
  square: taskTwin('square'),
  stay: taskTwin('stay'),
  throwAtFirst: taskTwin('throwAtFirst'),
  whichThread: taskTwin('whichThread'),
}
