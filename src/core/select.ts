/** One thing that `select` can wait for. */
export interface SelectSource<Outcome> {
  /** True when {@link take} would succeed at once, as far as is known here. */
  ready(): boolean
  /** Takes the outcome. Called synchronously after `ready()` was true, never otherwise. */
  take(): Outcome
  /** Brings what is known here up to date with a remote holder. Absent when `ready()` is always exact. */
  probe?(): Promise<void>
  /**
   * Waits in line. The source calls `win(outcome)` at most once, with the outcome taken; the selection then calls the
   * other sources' returned functions before anything else runs, so a parked case is always live.
   */
  park(win: (outcome: Outcome) => void): () => void
}
