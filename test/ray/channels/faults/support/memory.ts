import { readFileSync } from 'node:fs'

const pageSize = 4096

/** Bytes of memory that a process has to itself (Linux only). Ray's store, which it shares with others, is none of it. */
function ownBytes(pid: number): number {
  const [, resident, shared] = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ').map(Number) as [
    number,
    number,
    number,
  ]
  return (resident - shared) * pageSize
}

/** The most that the processes have grown by since this was made, looked at whenever `look` is called. */
export class Growth {
  readonly #before: ReadonlyMap<number, number>
  #most = 0

  constructor(pids: readonly number[]) {
    this.#before = new Map(pids.map((pid) => [pid, ownBytes(pid)]))
  }

  look(): void {
    for (const [pid, before] of this.#before) this.#most = Math.max(this.#most, ownBytes(pid) - before)
  }

  /** Megabytes. */
  get most(): number {
    return Math.round(this.#most / 1_000_000)
  }
}
