/**
 * Settles as `promise` does, or rejects with what `late` makes after `milliseconds`. What the promise does afterwards is of no
 * interest to anybody. The timer alone keeps no process alive.
 */
export async function before<T>(milliseconds: number, promise: Promise<T>, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), Math.max(0, Math.min(milliseconds, 2 ** 31 - 1)))
    timer.unref()
  })
  promise.catch(() => {})
  try {
    return await Promise.race([promise, deadline])
  } finally {
    clearTimeout(timer)
  }
}

/** As the errors say it: `5 s`, `300 ms`. */
export function seconds(milliseconds: number): string {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${Math.round(milliseconds / 100) / 10} s`
}
