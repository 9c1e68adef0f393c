/**
 * A Python object that TypeScript has no type for. It can be looked at by name and text, and passed back, to where it
 * becomes the original object again.
 */
export class PyObject {
  /** Module and class, as in `decimal.Context`. */
  readonly typeName: string
  /** What Python's `repr` says, possibly shortened. */
  readonly text: string
  /** What stands for the object on the Python side. Means nothing here. */
  readonly data: Uint8Array

  constructor(typeName: string, text: string, data: Uint8Array) {
    this.typeName = typeName
    this.text = text
    this.data = data
  }

  toString(): string {
    return this.text
  }
}
