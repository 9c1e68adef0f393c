import type { ActorDescription } from '../../../definition.ts'

/** Keeps one description for all actors of a class, of which there can be thousands, as long as any of them uses it. */
export class SharedDescriptions {
  readonly #known = new Map<string, WeakRef<ActorDescription>>()

  /** The description that is kept for actors like this one. */
  share(description: ActorDescription): ActorDescription {
    const key = JSON.stringify(description)
    const known = this.#known.get(key)?.deref()
    if (known !== undefined) return known
    for (const [other, kept] of this.#known) if (kept.deref() === undefined) this.#known.delete(other)
    this.#known.set(key, new WeakRef(description))
    return description
  }
}
