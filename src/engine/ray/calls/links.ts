import { ActorUnavailableError } from '../../../errors.ts'
import type { Transport } from '../../../wire/transport.ts'
import type { CallHome } from '../../calls/call-home.ts'
import type { Peer } from '../../calls/peer.ts'
import type { ActorDescription } from '../../definition.ts'
import type { ProcessAddress } from '../lane/reach.ts'
import { Link, lostPeer } from './link.ts'

/** Where an instance of an actor is: what `typescript.locate` answers. */
export interface ActorPlace extends ProcessAddress {
  /** Another one for each process. */
  readonly instance: string
  readonly description: ActorDescription
  readonly maxTaskRetries: number
  readonly maxPendingCalls: number
}

/** Connects to the process of an actor; `unreachable` is called when the way there is lost, and again while no way back is found. */
export type OpenLink = (place: ProcessAddress, unreachable: () => void) => Promise<Transport>

/** This process's connections to the processes of actors, one for each. */
export class Links {
  readonly #home: CallHome
  readonly #open: OpenLink
  /** By instance. */
  readonly #links = new Map<string, Promise<Link>>()
  readonly #byNumber = new Map<number, Link>()
  #nextNumber = 1
  #closed: Error | undefined

  constructor(home: CallHome, open: OpenLink) {
    this.#home = home
    this.#open = open
  }

  /**
   * A connection to that place, for one more user. Rejects with why there is none.
   *
   * @param locate says where the actor is by now. If that is elsewhere, or nowhere, a connection that was lost is given up at once
   */
  async to(place: ActorPlace, locate: () => Promise<string | undefined>): Promise<Link> {
    for (;;) {
      const link = await (this.#links.get(place.instance) ?? this.#connect(place, locate))
      if (this.#closed !== undefined) throw this.#closed
      // Its last user may have left meanwhile.
      if (link.peer.lost) continue
      link.retain()
      return link
    }
  }

  /** The connection of that number; if it is no more, what is sent to it is lost. */
  peer(number: number): Peer {
    return this.#byNumber.get(number)?.peer ?? lostPeer(number, this.#home)
  }

  /** Posts what has been called so far. */
  flush(): void {
    for (const { peer } of this.#byNumber.values()) peer.connection.flush()
  }

  close(error: Error): void {
    this.#closed ??= error
    for (const { peer } of [...this.#byNumber.values()]) peer.connection.close(error)
  }

  #connect(place: ActorPlace, locate: () => Promise<string | undefined>): Promise<Link> {
    const { instance } = place
    const connecting = this.#opened(place, locate)
    this.#links.set(instance, connecting)
    const forget = () => {
      if (this.#links.get(instance) === connecting) this.#links.delete(instance)
    }
    connecting.then(({ peer }) => peer.connection.onLost(forget), forget)
    return connecting
  }

  async #opened(place: ActorPlace, locate: () => Promise<string | undefined>): Promise<Link> {
    const { instance } = place
    let link: Link | undefined
    const isGone = succession(instance, locate, (error) => link?.peer.connection.close(error))
    const transport = await this.#open(place, isGone)
    if (this.#closed !== undefined) {
      transport.close()
      throw this.#closed
    }
    const opened = new Link(this.#nextNumber++, instance, transport, this.#home)
    link = opened
    this.#byNumber.set(opened.number, opened)
    opened.peer.connection.onLost(() => this.#byNumber.delete(opened.number))
    return opened
  }
}

/** Asks whether the instance is gone. Otherwise callers would hear of it when the grace period of its connection is over. */
function succession(instance: string, locate: () => Promise<string | undefined>, gone: (error: Error) => void) {
  let asked = false
  return () => {
    if (asked) return
    asked = true
    locate().then(
      (found) => {
        if (found === instance) asked = false
        else gone(new ActorUnavailableError('the process of the actor has ended'))
      },
      () => {
        // The next attempt asks again.
        asked = false
      },
    )
  }
}
