/**
 * The MessagePack extension types of klaw. The numbers are part of the wire format (`docs/values.md`): never change one,
 * never use one again.
 */
export const ExtensionType = {
  /** MessagePack's own timestamp. */
  Timestamp: -1,
  /** One byte says which: see {@link Special}. */
  Special: 0,
  /** A value that is referred to from elsewhere in the same message. */
  Definition: 1,
  /** Stands for the value of a definition. */
  Reference: 2,
  BigInt: 3,
  /** A string that is not well formed (a lone surrogate), as UTF-16. */
  Utf16: 4,
  Map: 5,
  Set: 6,
  RegExp: 7,
  /** `new Number(1)` and the like. */
  Boxed: 8,
  Error: 9,
  /** An ArrayBuffer, a typed array or a DataView, with its bytes. */
  Binary: 10,
  /** A typed array or DataView on a buffer that stands elsewhere in the message or beside it. */
  View: 11,
  /** A buffer that travels beside the bytes. */
  Attachment: 12,
  SparseArray: 13,
  /** A ref, an actor handle or a channel end. */
  Handle: 14,
  /** A value of a class with a registered serializer. */
  Custom: 15,
  /** A typed array with a shape (numpy). */
  NdArray: 32,
  /** A date or time without a time zone, as ISO 8601 text (Python's naive datetime, date, time). */
  LocalDateTime: 33,
  Decimal: 34,
  Uuid: 35,
  /** A Python object that TypeScript can hold but not look into. */
  PyObject: 36,
} as const

/** The payload of an extension of type {@link ExtensionType.Special}. */
export const Special = { Undefined: 0, Hole: 1, InvalidDate: 2 } as const
