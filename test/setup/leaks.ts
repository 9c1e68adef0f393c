import { beforeAll, expect, inject } from 'vitest'
import { watchLeaks } from './leak-watch.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Milliseconds to wait for what is on its way out; only the leak checks' own test sets it. */
    leakPatience?: number
  }
}

/** Loaded before each test file: the file fails if it leaves anything running or an error unhandled. */
const watch = watchLeaks()

beforeAll(() => {
  watch.start()
  // The last of a file's hooks: what a file has opened before all of its tests has been closed by then.
  return async () => {
    expect(await watch.stop({ patience: inject('leakPatience') ?? 5_000 }), 'left behind by this test file').toEqual([])
  }
})
