const pickledExceptions =
  "Ray pickles exceptions, and a pickle leaves '__cause__' out; the traceback in 'stack' has it as text"
const runsAhead = 'generators in Ray run ahead of their reader: async ones know no backpressure'
const noFree = 'since 2.60 Ray has no call that frees an object for everybody; the session itself forgets it'

/** What Ray does, whatever actors and tasks are written in. */
const ofRayItself = [
  [
    'tasks: for which there will never be resources fail at once',
    'Ray waits for them: a node that has them may join the cluster',
  ],
  ['ownership of objects: what was freed is gone for everybody', noFree],
  ['ownership of objects: a borrower can free', noFree],
  [
    'queues between threads: a consumer that is killed while it waits takes nothing with it',
    "Ray's queue hands the next item to a get whose caller is dead",
  ],
] as const

/** Cases in which Ray itself makes impossible what we promise of actors and tasks in Python, and how. */
export const knownFailingOnRay: ReadonlyMap<string, string> = new Map<string, string>([
  ...ofRayItself,
  ['calls of actors: the cause keeps its causes', pickledExceptions],
  [
    'cancel: a method that takes no notice goes on, and its result counts',
    'Ray drops the result of a call that was cancelled, whatever the method makes of it',
  ],
  ['generator methods: stand still until the next value is asked for', runsAhead],
  ['ownership of objects: freeing a pending object settles those who wait for it', noFree],
  [
    'queues between threads: thousands of blocked gets never block puts',
    "a thousand gets that wait are all that the queue's actor in Ray takes: puts wait behind them",
  ],
])

/** The same of those in TypeScript. */
export const knownFailingOfTypeScriptOnRay: ReadonlyMap<string, string> = new Map<string, string>(ofRayItself)
