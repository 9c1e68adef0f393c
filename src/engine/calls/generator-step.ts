/** What a generator method answers: the slot where its steps are called, of the thread or process that the method was called in. */
export interface GeneratorPlace {
  readonly slot: number
}

/** One step of a generator. */
export interface GeneratorStep {
  readonly done: boolean
  readonly value: unknown
}

/** The names of the calls that a generator answers. */
export const generatorMethod = { next: 'next', return: 'return' } as const
