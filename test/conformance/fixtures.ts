import { Circle } from '../fixtures/actors/circle.ts'
import { Broken, Counter, Plain, Thrower } from '../fixtures/actors/counter.ts'
import { Gate, Keeper, SerialWorker, Worker } from '../fixtures/actors/gate.ts'
import { Parent } from '../fixtures/actors/parent.ts'
import { Streams } from '../fixtures/actors/streams.ts'
import * as tasks from '../fixtures/actors/tasks.ts'
import { Holder } from '../fixtures/objects/holder.ts'
import { QueueUser } from '../fixtures/objects/queue-user.ts'

/** What the suites run as actors and tasks, in TypeScript. */
export const typescriptFixtures = {
  Broken,
  Circle,
  Counter,
  Gate,
  Holder,
  Keeper,
  Parent,
  Plain,
  QueueUser,
  SerialWorker,
  Streams,
  Thrower,
  Worker,
  ...tasks,
}

/** The same for every engine: what is in another language behaves like these, and is called like them. */
export type Fixtures = typeof typescriptFixtures
