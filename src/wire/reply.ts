import type { Attachment } from './transport.ts'

/** An answer with attachments. They are numbered before those that the codec finds in the value. */
export class Reply {
  readonly value: unknown
  readonly attachments: readonly Attachment[]
  /** What error paths call the value. */
  readonly name: string

  constructor(value: unknown, attachments: readonly Attachment[], name = 'argument') {
    this.value = value
    this.attachments = attachments
    this.name = name
  }
}
