/** What this side counts for one number of an object or actor (docs/gateway.md, "Counting"); it is given back when nobody holds it any more. */
export class Share {
  readonly number: number
  counts: number

  constructor(number: number, counts: number) {
    this.number = number
    this.counts = counts
  }
}
