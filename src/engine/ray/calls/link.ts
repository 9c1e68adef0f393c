import { ActorUnavailableError } from '../../../errors.ts'
import type { Transport } from '../../../wire/transport.ts'
import type { CallHome } from '../../calls/call-home.ts'
import { Peer } from '../../calls/peer.ts'

/** A connection to the process of one instance of an actor. Those who call it share it, so that their calls keep their order. */
export class Link {
  /** By which proxies know it; no two have the same. */
  readonly number: number
  /** Which process it leads to. */
  readonly instance: string
  readonly peer: Peer
  #users = 0

  constructor(number: number, instance: string, transport: Transport, home: CallHome) {
    this.number = number
    this.instance = instance
    this.peer = new Peer(number, transport, home, { keepAlive: true })
  }

  retain(): void {
    this.#users++
  }

  /** Closes the connection when nobody uses it any more. */
  release(): void {
    if (--this.#users === 0) this.peer.connection.close()
  }
}

/** Stands for a link that is no more: whatever is sent there is lost. */
export function lostPeer(number: number, home: CallHome): Peer {
  const peer = new Peer(number, nowhere, home)
  peer.connection.close(new ActorUnavailableError('the connection to the actor is gone'))
  return peer
}

const nowhere: Transport = {
  carriesAttachments: false,
  start() {},
  post() {},
  ref() {},
  unref() {},
  close() {},
}
