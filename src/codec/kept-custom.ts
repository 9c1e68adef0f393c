/** A value of a class with a serializer, in a place that only passes it on: there it needs no serializer, and none is called. */
export class KeptCustom {
  /** The serializer's name. */
  readonly name: string
  /** What the serializer made of the value. */
  readonly data: unknown

  constructor(name: string, data: unknown) {
    this.name = name
    this.data = data
  }
}
