/** One line of `klaw doctor`. */
export interface Check {
  /** What is looked at, in a word or two. */
  readonly name: string
  /** Without it, those after it have nothing to look at. */
  readonly opensTheWay?: boolean
  /** A rejection counts as something to do, with the error's message as what was found. */
  readonly run: () => Promise<CheckResult>
}

export type CheckResult =
  | { readonly ok: true; readonly found: string }
  | {
      readonly ok: false
      readonly found: string
      /** What to do about it, unless what was found says so already. */
      readonly advice?: string | undefined
      /** What the line is about, where that is known only now. */
      readonly about?: string | undefined
    }
