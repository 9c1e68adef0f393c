import type { Connection } from '../../../wire/connection.ts'
import type { Parcel } from './parcel.ts'

/** Brings parcels to the cluster, each once in a session. */
export class Parcels {
  readonly #connection: Pick<Connection, 'request'>
  /** By hash, those that are there, or on their way. */
  readonly #delivered = new Map<string, Promise<void>>()

  constructor(connection: Pick<Connection, 'request'>) {
    this.#connection = connection
  }

  /** Resolves when the cluster has it. After a failure the next one tries again. */
  deliver(parcel: Parcel): Promise<void> {
    const { hash } = parcel
    let delivery = this.#delivered.get(hash)
    if (delivery === undefined) {
      delivery = this.#deliver(parcel)
      this.#delivered.set(hash, delivery)
      delivery.catch(() => this.#delivered.delete(hash))
    }
    return delivery
  }

  async #deliver({ hash, files }: Parcel): Promise<void> {
    const inBackground = { keepAlive: false }
    if ((await this.#connection.request('parcel.has', hash, inBackground)) === true) return
    await this.#connection.request('parcel.store', { hash, files: Object.fromEntries(files) }, inBackground)
  }
}
