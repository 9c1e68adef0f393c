import type { MessagePort } from 'node:worker_threads'
import { Codec } from '../../../codec/codec.ts'
import { Connection } from '../../../wire/connection.ts'
import { FrameType } from '../../../wire/frame.ts'
import type { Operation, OperationContext } from '../../../wire/operations.ts'
import type { HandleKind, Token } from '../../../wire/token.ts'
import { PortTransport } from '../port-transport.ts'
import { Leases } from './leases.ts'
import { readItems } from './read-items.ts'
import type { Session } from './session.ts'

/** The thread in the middle: it accepts sessions and routes their operations to the services that stand on it. */
export class Hub {
  readonly leases = new Leases()
  readonly codec = new Codec()
  readonly #operations = new Map<string, Operation>()
  readonly #sessions = new Map<number, Session>()
  readonly #byConnection = new WeakMap<Connection, Session>()
  #nextSession = 1

  constructor() {
    this.handle('lease.export', (session, { token, kind, id, target }: ExportArgument) =>
      this.leases.export(session, token, kind, id, target),
    )
    this.handle('lease.claim', (session, { token, stream }: { token: Token; stream: number }) => {
      const claimed = this.leases.claim(session, token, stream)
      // The value was dropped meanwhile; whoever uses the end must not wait for ever.
      if (!claimed && stream !== 0) session.connection.write(FrameType.ended, 0, stream)
    })
    this.handle('lease.release', (_session, tokens: Token[]) => this.leases.release(tokens))
    this.handle('session.open', (session) => session.id)
    // Answering proves that everything sent before has been carried out.
    this.handle('session.barrier', () => undefined)
  }

  /** Serves `name`, as a request or as an event. */
  handle<Argument>(
    name: string,
    operation: (session: Session, argument: Argument, context: OperationContext) => unknown,
  ): void {
    this.#operations.set(name, (argument, context) => {
      const session = this.#byConnection.get(context.connection)
      if (session === undefined) throw new Error('a connection without a session')
      return operation(session, argument, context)
    })
  }

  session(id: number): Session | undefined {
    return this.#sessions.get(id)
  }

  get sessions(): Iterable<Session> {
    return this.#sessions.values()
  }

  /** Connects a thread. Its session ends when the port closes. */
  accept(port: MessagePort): Session {
    const id = this.#nextSession++
    const connection = new Connection(new PortTransport(port), this.codec, this.#operations, true)
    connection.strayFrame = (frame) => {
      if (frame.type === FrameType.send) readItems(frame, 0, (item) => this.leases.release(item.tokens ?? []))
    }
    const listeners = new Set<() => void>()
    const session: Session = {
      id,
      connection,
      onEnd(listener) {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
    }
    this.#sessions.set(id, session)
    this.#byConnection.set(connection, session)
    connection.onLost(() => {
      this.#sessions.delete(id)
      for (const listener of [...listeners]) listener()
      this.leases.sessionEnded(id)
    })
    return session
  }
}

interface ExportArgument {
  readonly token: Token
  readonly kind: HandleKind
  readonly id: string
  readonly target?: number
}
