/** One line of `klaw doctor`. */
export interface Check {
  /** What is looked at, in a word or two. */
  readonly name: string
  /** A rejection counts as something to do, with the error's message as what was found. */
  readonly run: () => Promise<CheckResult>
}

export type CheckResult =
  | { readonly ok: true; readonly found: string }
  | {
      readonly ok: false
      readonly found: string
      /** What to do about it, unless what was found says so already. */
      readonly advice?: string
    }
