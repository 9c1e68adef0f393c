import { setImmediate as nextTurn } from 'node:timers/promises'

/** Lets every promise that is settled by now tell its followers. */
export async function flush(): Promise<void> {
  await nextTurn()
}
