/** Lets the event loop turn a few times, for what other threads have posted to be taken in and passed on. */
export async function turns(count = 3): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}
