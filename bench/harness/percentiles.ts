/** Repeats something that takes a moment and says how long the middle one and the 99 % one took, in microseconds. */
export async function percentiles(
  count: number,
  once: (n: number) => Promise<void>,
): Promise<{ p50: number; p99: number }> {
  const times = new Float64Array(count)
  for (let n = 0; n < count; n++) {
    const start = performance.now()
    await once(n)
    times[n] = (performance.now() - start) * 1000
  }
  times.sort()
  return { p50: rank(times, 0.5), p99: rank(times, 0.99) }
}

/** The nearest rank of what is sorted. */
export function rank(times: Float64Array, part: number): number {
  return times[Math.max(0, Math.ceil(times.length * part) - 1)] ?? Number.NaN
}
