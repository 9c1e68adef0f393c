/** Tells of each kind of trouble once: nobody fills a log from outside. */
export class Complaints {
  readonly #known = new Set<string>()
  readonly #log: (line: string) => void

  /** @param log takes a line, without its end. Default: standard error */
  constructor(log: (line: string) => void = (line) => process.stderr.write(`${line}\n`)) {
    this.#log = log
  }

  complain(kind: string, message: string): void {
    if (this.#known.has(kind)) return
    this.#known.add(kind)
    this.#log(`klaw: ${message}; further ones are not logged`)
  }
}
