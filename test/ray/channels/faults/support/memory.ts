import { readFileSync } from 'node:fs'

const pageSize = 4096

/** Bytes of memory that a process has to itself or shares, as the system counts them (Linux only). */
export function residentBytes(pid: number | 'self'): number {
  return Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * pageSize
}

/** The most that the processes have grown by since this was made, looked at whenever `look` is called. */
export class Growth {
  readonly #before: ReadonlyMap<number, number>
  #most = 0

  constructor(pids: readonly number[]) {
    this.#before = new Map(pids.map((pid) => [pid, residentBytes(pid)]))
  }

  look(): void {
    for (const [pid, before] of this.#before) this.#most = Math.max(this.#most, residentBytes(pid) - before)
  }

  /** Megabytes. */
  get most(): number {
    return Math.round(this.#most / 1_000_000)
  }
}
