import { rayBefore } from '../support/ray/ray-before.ts'

/** A case in which Ray itself makes impossible what we promise. */
export interface KnownFailure {
  /** `suite: case`. */
  readonly name: string
  readonly why: string
  /** What it does on the older Ray that is tested, 2.51, if that is something else. */
  readonly on251?: 'passes' | 'either'
}

const pickledExceptions =
  "Ray pickles exceptions, and a pickle leaves '__cause__' out; the traceback in 'stack' has it as text"
const runsAhead = 'generators in Ray run ahead of their reader: async ones know no backpressure'
const noFree = 'since 2.60 Ray has no call that frees an object for everybody; the session itself forgets it'

/** What Ray does, whatever actors and tasks are written in. */
const ofRayItself: readonly KnownFailure[] = [
  {
    name: 'tasks: for which there will never be resources fail at once',
    why: 'Ray waits for them: a node that has them may join the cluster',
  },
  {
    name: 'ownership of objects: what was freed is gone for everybody',
    why: `${noFree}; before, a process that had read a small value kept it`,
  },
  { name: 'ownership of objects: a borrower can free', why: noFree, on251: 'passes' },
  {
    name: 'queues between threads: a consumer that is killed while it waits takes nothing with it',
    why: "Ray's queue hands the next item to a get whose caller is dead",
  },
]

/** Of actors and tasks in Python. */
export const knownFailingOnRay: readonly KnownFailure[] = [
  ...ofRayItself,
  { name: 'calls of actors: the cause keeps its causes', why: pickledExceptions },
  {
    name: 'cancel: a method that takes no notice goes on, and its result counts',
    why: 'Ray drops the result of a call that was cancelled, whatever the method makes of it',
  },
  { name: 'generator methods: stand still until the next value is asked for', why: runsAhead },
  {
    name: 'ownership of objects: freeing a pending object settles those who wait for it',
    why: `${noFree}; before, it told those who asked later, and not those who waited`,
    on251: 'either',
  },
  {
    name: 'queues between threads: thousands of blocked gets never block puts',
    why: "a thousand gets that wait are all that the queue's actor in Ray takes: puts wait behind them",
  },
]

/** Of actors and tasks in TypeScript. */
export const knownFailingOfTypeScriptOnRay = ofRayItself

/** What the cases do that are known to fail, by name, on the Ray that there is. */
export function failuresHere(known: readonly KnownFailure[]): ReadonlyMap<string, 'fails' | 'passes' | 'either'> {
  const isOlder = rayBefore('2.60')
  return new Map(known.map(({ name, on251 }) => [name, (isOlder ? on251 : undefined) ?? 'fails']))
}
