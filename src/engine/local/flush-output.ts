/** Milliseconds that whoever takes in what a thread prints has to do so; a busy one is not waited for. */
const patience = 200

/**
 * Waits until the thread that started this one has taken in what was printed.
 *
 * Between threads Node sends one write after the other, each when the one before has been taken in; what waits is lost with the thread.
 */
export async function flushOutput(): Promise<void> {
  const written = [process.stdout, process.stderr].map(
    (stream) => new Promise<void>((resolve) => stream.write('', () => resolve())),
  )
  await within(patience, Promise.all(written))
}

/** Waits for `work`, but not for ever. */
export async function within(milliseconds: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const enough = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds)
  })
  await Promise.race([work, enough])
  clearTimeout(timer)
}
