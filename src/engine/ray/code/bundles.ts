import { stat } from 'node:fs/promises'
import type { Bundle } from './bundle-module.ts'

/** Milliseconds for which a bundle is taken for what its files would give. */
const defaultFreshness = 1_000

/** Bundles by the URLs of their modules. One is made anew when a file that went into it has changed. */
export class Bundles<T> {
  readonly #make: (module: string) => Promise<Made<T>>
  readonly #freshness: number
  readonly #kept = new Map<string, Kept<T>>()
  readonly #underWay = new Map<string, Promise<T>>()

  /** @param freshness milliseconds for which files are not looked at again */
  constructor(make: (module: string) => Promise<Made<T>>, freshness = defaultFreshness) {
    this.#make = make
    this.#freshness = freshness
  }

  /** What has been made of a module, and looked at a moment ago. */
  known(module: string): T | undefined {
    const kept = this.#kept.get(module)
    return kept !== undefined && performance.now() - kept.lookedAt < this.#freshness ? kept.value : undefined
  }

  /** Rejects as the making does; then the next one tries again. Those who ask at the same time share one. */
  get(module: string): Promise<T> {
    let underWay = this.#underWay.get(module)
    if (underWay === undefined) {
      underWay = this.#renew(module).finally(() => this.#underWay.delete(module))
      this.#underWay.set(module, underWay)
    }
    return underWay
  }

  async #renew(module: string): Promise<T> {
    const kept = this.#kept.get(module)
    const lookedAt = performance.now()
    if (kept !== undefined && (await isUnchanged(kept.files))) {
      kept.lookedAt = lookedAt
      return kept.value
    }
    const begun = Date.now()
    const { value, inputs } = await this.#make(module)
    const files = await Promise.all(inputs.map(async (path) => ({ path, state: await stateOf(path, begun) })))
    this.#kept.set(module, { value, files, lookedAt })
    return value
  }
}

/** What was made of a bundle, and the files that it depends on. */
export interface Made<T> {
  readonly value: T
  readonly inputs: Bundle['inputs']
}

interface Kept<T> {
  readonly value: T
  readonly files: readonly { readonly path: string; readonly state: string | undefined }[]
  /** Since when the computer is on, in milliseconds: when the files were as they are here. */
  lookedAt: number
}

async function isUnchanged(files: Kept<unknown>['files']): Promise<boolean> {
  const states = await Promise.all(files.map(({ path }) => stateOf(path, Number.POSITIVE_INFINITY)))
  return files.every(({ state }, index) => state !== undefined && state === states[index])
}

/** Tells one content of a file from another; undefined when it may have changed since `begun`, or is gone. */
async function stateOf(path: string, begun: number): Promise<string | undefined> {
  try {
    const { mtimeMs, size, ino } = await stat(path)
    return mtimeMs < begun ? `${mtimeMs} ${size} ${ino}` : undefined
  } catch {
    // Whoever bundles it anew is told what is wrong with it.
    return undefined
  }
}
