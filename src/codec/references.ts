/** Below this many objects comparing with each of them beats a Map. */
const linearLimit = 24

/**
 * Remembers which objects a message holds, and where their bytes stand, so that one which comes up again can be written as
 * a reference. Plain messages pay a few comparisons; only when there was a second encounter does `weave.ts` rewrite bytes.
 */
export class References {
  /** How many objects are tracked. An object's index is the count before it was tracked. */
  count = 0
  /** By index: where the object's encoding starts. */
  readonly starts: number[] = []
  /** By index: where its encoding ends; smaller than the start while it is being written. */
  readonly ends: number[] = []
  /** Pairs: where a reference's four bytes stand, and the index of the object that it means. */
  readonly uses: number[] = []
  /** Pairs: start and end of each extension with values inside, since weaving changes its length. */
  readonly nested: number[] = []
  /** Pairs: the index of a view, and of the buffer under it, which was not written itself. */
  readonly viewed: number[] = []
  readonly #objects: (object | undefined)[] = []
  #indexes: Map<object, number> | undefined

  /** Returns the index of an object that is tracked already; tracks any other and returns -1. */
  track(value: object, start: number): number {
    const { count } = this
    const objects = this.#objects
    if (this.#indexes === undefined) {
      for (let index = 0; index < count; index++) if (objects[index] === value) return index
      if (count === linearLimit) this.#indexes = new Map(objects.map((object, index) => [object as object, index]))
    }
    if (this.#indexes !== undefined) {
      const index = this.#indexes.get(value)
      if (index !== undefined) return index
      this.#indexes.set(value, count)
    }
    objects[count] = value
    this.starts[count] = start
    this.ends[count] = -1
    this.count = count + 1
    return -1
  }

  /** The tracked object of that index. */
  object(index: number): object {
    return this.#objects[index] as object
  }

  /** Forgets what was tracked since `count` was `mark`, and all that has to do with it from `start` on. */
  rollBack(mark: number, start: number): void {
    for (let index = mark; index < this.count; index++) this.#indexes?.delete(this.#objects[index] as object)
    this.#objects.length = mark
    this.starts.length = mark
    this.ends.length = mark
    this.count = mark
    while (this.uses.length > 0 && (this.uses.at(-2) as number) >= start) this.uses.length -= 2
    while (this.nested.length > 0 && (this.nested.at(-2) as number) >= start) this.nested.length -= 2
    while (this.viewed.length > 0 && (this.viewed.at(-2) as number) >= mark) this.viewed.length -= 2
  }

  /** Lets go of every object. */
  clear(): void {
    const objects = this.#objects
    // Not by the count: what was rolled back has left its Map behind.
    if (this.#indexes !== undefined) {
      objects.length = 0
      this.starts.length = 0
      this.ends.length = 0
      this.#indexes = undefined
    } else for (let index = 0; index < this.count; index++) objects[index] = undefined
    this.count = 0
    truncate(this.uses, 0)
    truncate(this.nested, 0)
    truncate(this.viewed, 0)
  }
}

/** Setting an array's length is a slow call; for a few elements popping is ten times as fast. */
function truncate(list: number[], length: number): void {
  if (list.length - length > 16) list.length = length
  else while (list.length > length) list.pop()
}
