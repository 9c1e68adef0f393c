const esc = '\u001b'
const controls = new RegExp(`(${esc}\\[[\\d;?]*[a-zA-Z]|${esc}[78]|[\r\n])`)
const unfinished = new RegExp(`${esc}(?:\\[[\\d;?]*)?$`)
/** Colours, the cursor shown or hidden, its place remembered: progress bars come back to where they were by themselves. */
const harmless = new RegExp(`^${esc}(?:[78]|\\[[\\d;]*m|\\[\\?25[lh])$`)

/**
 * What a terminal of some width shows of what a program writes to it: the few control sequences that progress bars use, and no colours.
 *
 * What it shows is a list of lines. Nothing scrolls away.
 */
export class Terminal {
  /** @type {string[][]} */
  #lines = [[]]
  #row = 0
  #column = 0
  #wraps = true
  #rest = ''
  #width

  /** @param {number} width columns */
  constructor(width) {
    this.#width = width
  }

  get lines() {
    return this.#lines.map((line) => line.join('').trimEnd())
  }

  /** @param {string} text may end within a sequence */
  write(text) {
    const parts = (this.#rest + text).split(controls)
    const cut = unfinished.exec(parts.at(-1) ?? '')
    this.#rest = cut?.[0] ?? ''
    if (cut !== null) parts[parts.length - 1] = parts.at(-1)?.slice(0, cut.index) ?? ''
    for (const [index, part] of parts.entries()) {
      if (index % 2 === 0) this.#print(part)
      else this.#control(part)
    }
  }

  /** @param {string} text */
  #print(text) {
    for (const character of text) {
      if (this.#column >= this.#width) {
        // Without wrapping, the last column is written over and over.
        if (this.#wraps) this.#nextLine()
        else this.#column = this.#width - 1
      }
      const line = /** @type {string[]} */ (this.#lines[this.#row])
      while (line.length < this.#column) line.push(' ')
      line[this.#column++] = character
    }
  }

  /** @param {string} sequence */
  #control(sequence) {
    const line = /** @type {string[]} */ (this.#lines[this.#row])
    if (sequence === '\n') this.#nextLine()
    else if (sequence === '\r' || sequence === `${esc}[1G`) this.#column = 0
    else if (sequence === `${esc}[0K` || sequence === `${esc}[K`) line.length = Math.min(line.length, this.#column)
    else if (sequence === `${esc}[?7l`) this.#wraps = false
    else if (sequence === `${esc}[?7h`) this.#wraps = true
    else if (!harmless.test(sequence)) throw new Error(`the terminal does not know ${JSON.stringify(sequence)}`)
  }

  #nextLine() {
    this.#row++
    this.#column = 0
    if (this.#row === this.#lines.length) this.#lines.push([])
  }
}
