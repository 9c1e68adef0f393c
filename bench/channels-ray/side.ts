/** Which channel is meant, and what is known of it. */
export interface Line {
  readonly name: string
  /** Bytes of each item. */
  readonly size: number
  /** Items. Only klaw's channels have one. */
  readonly capacity: number
  /** `shared`: each item goes to one of the receivers; `broadcast`: to all of them. */
  readonly kind: 'shared' | 'broadcast'
}

/** What a process of a benchmark does to the channels of one kind: klaw's, NATS' subjects, or sockets. */
export interface FlowSide {
  /** Opens the sending end. What it returns sends `count` items, one by one, and resolves when all of them have been accepted. */
  sender(line: Line, make: () => Uint8Array): Promise<(count: number) => Promise<void>>
  /** Opens a receiving end. `take` gets every item; the next one is received when it has returned, or when its promise has resolved. */
  receive(line: Line, take: (item: Uint8Array) => Promise<void> | undefined): Promise<void>
  /** All processes have opened what they use: lets go of everything else, which until then has kept the channel from being closed. */
  settle(): Promise<void>
  /** Ends everything. */
  close(): Promise<void>
}

/** One that can be asked, too. */
export interface Side extends FlowSide {
  /** Answers whatever comes in a way of its own, until the end. */
  answer(line: Line): Promise<void>
  /** What it returns sends one item to who answers, and resolves with what came back. */
  asker(line: Line): Promise<(item: Uint8Array) => Promise<Uint8Array>>
}

/** Where a side is to be found. */
export interface SideAddress {
  readonly side: 'klaw' | 'nats' | 'bare'
  readonly address: string
  /** Of klaw: which way to go. */
  readonly lane?: 'direct' | 'tunnel'
}
