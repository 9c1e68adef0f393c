/** What a generator method answers: where its steps are called. */
export interface GeneratorPlace {
  readonly session: number
  readonly slot: number
}

/** One step of a generator. */
export interface GeneratorStep {
  readonly done: boolean
  readonly value: unknown
}

/** The names of the calls that a generator answers. */
export const generatorMethod = { next: 'next', return: 'return' } as const
