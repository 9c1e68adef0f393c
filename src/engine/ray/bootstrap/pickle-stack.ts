import type { PickleInput } from './pickle-input.ts'
import { PyCall, PyGlobal, PyTuple } from './pickle-values.ts'

/** The stack and the memo of the machine that reads a pickle. Nothing of it recurses. */
export class PickleStack {
  readonly #input: PickleInput
  readonly #memo = new Map<number, unknown>()
  #values: unknown[] = []
  /** What lies below each mark. */
  readonly #below: unknown[][] = []

  constructor(input: PickleInput) {
    this.#input = input
  }

  push(value: unknown): void {
    this.#values.push(value)
  }

  pop(): unknown {
    if (this.#values.length === 0) this.#input.refuse('it takes more from its stack than there is')
    return this.#values.pop()
  }

  top(): unknown {
    if (this.#values.length === 0) this.#input.refuse('it takes more from its stack than there is')
    return this.#values.at(-1)
  }

  /** The last `count` values, the first pushed first. */
  popMany(count: number): unknown[] {
    if (this.#values.length < count) this.#input.refuse('it takes more from its stack than there is')
    return this.#values.splice(this.#values.length - count, count)
  }

  mark(): void {
    this.#below.push(this.#values)
    this.#values = []
  }

  popToMark(): unknown[] {
    const above = this.#values
    const below = this.#below.pop()
    if (below === undefined) this.#input.refuse('it looks for a mark that is not there')
    this.#values = below
    return above
  }

  /** Drops the last value, or the mark if that came last. */
  drop(): void {
    if (this.#values.length === 0 && this.#below.length > 0) this.popToMark()
    else this.pop()
  }

  memoize(): void {
    this.#memo.set(this.#memo.size, this.top())
  }

  put(index: number): void {
    this.#memo.set(index, this.top())
  }

  get(index: number): void {
    if (!this.#memo.has(index)) this.#input.refuse(`it refers to ${index} of its memo, which is not there`)
    this.push(this.#memo.get(index))
  }

  append(items: readonly unknown[]): void {
    const target = this.top()
    if (Array.isArray(target)) pushAll(target, items)
    else if (target instanceof PyCall) pushAll(target.appended, items)
    else this.#input.refuse('it appends to what is no list')
  }

  addItems(items: readonly unknown[]): void {
    const target = this.top()
    if (target instanceof Set) for (const item of items) target.add(item)
    else if (target instanceof PyCall) pushAll(target.appended, items)
    else this.#input.refuse('it adds to what is no set')
  }

  /** Keys and values in turn. */
  setItems(items: readonly unknown[]): void {
    const target = this.top()
    const entries = target instanceof PyCall ? target.entries : target
    if (!(entries instanceof Map)) this.#input.refuse('it sets an item of what is no dict')
    if (items.length % 2 !== 0) this.#input.refuse('it sets an item without a value')
    for (let index = 0; index < items.length; index += 2) entries.set(items[index], items[index + 1])
  }

  build(state: unknown): void {
    const target = this.top()
    if (target instanceof PyCall) target.states.push(state)
    // A class that gets attributes is still that class.
    else if (!(target instanceof PyGlobal)) this.#input.refuse('it gives a state to what is no object')
  }

  itemsOf(args: unknown): readonly unknown[] {
    if (args instanceof PyTuple) return args.items
    return this.#input.refuse('it makes a call without arguments')
  }

  finish(): unknown {
    if (this.#below.length > 0 || this.#values.length !== 1) this.#input.refuse('it does not end with one value')
    return this.pop()
  }
}

/** `push(...items)` would put them all on the call stack. */
function pushAll(target: unknown[], items: readonly unknown[]): void {
  for (const item of items) target.push(item)
}
