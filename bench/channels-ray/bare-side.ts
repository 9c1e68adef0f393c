import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { FlowSide, Line } from './side.ts'

/** Bytes of one write, and of one read at most. */
const writeSize = 128 * 1024
const readSize = 256 * 1024

/**
 * Nothing but sockets and a relay: items of one size, one after the other, copied into a buffer that leaves when it is full, and looked at where they arrive.
 * No promise for an item, no name, no capacity, nothing that could be sent once more: what is left is what the way itself costs.
 */
export class BareSide implements FlowSide {
  readonly #port: number
  readonly #sockets: Socket[] = []

  private constructor(port: number) {
    this.#port = port
  }

  static open(address: string): Promise<BareSide> {
    return Promise.resolve(new BareSide(Number(address)))
  }

  async sender({ size }: Line, make: () => Uint8Array): Promise<(count: number) => Promise<void>> {
    const socket = connect({ host: '127.0.0.1', port: this.#port })
    this.#sockets.push(socket)
    socket.setNoDelay(true)
    socket.write(greeting('s', size))
    await once(socket, 'data')
    const room = Math.max(size, writeSize - (writeSize % size))
    return async (count) => {
      let chunk = Buffer.allocUnsafeSlow(room)
      let used = 0
      for (let n = 0; n < count; n++) {
        chunk.set(make(), used)
        used += size
        if (used < room) continue
        const full = !socket.write(chunk)
        chunk = Buffer.allocUnsafeSlow(room)
        used = 0
        if (full) await once(socket, 'drain')
      }
      if (used > 0) socket.write(chunk.subarray(0, used))
    }
  }

  async receive({ size }: Line, take: (item: Uint8Array) => unknown): Promise<void> {
    const memory = new Uint8Array(Math.max(2 * size, readSize))
    let filled = 0
    let greeted = (): void => undefined
    const welcome = new Promise<void>((resolve) => {
      greeted = resolve
    })
    let isWelcome = false
    const came = (count: number): boolean => {
      if (!isWelcome) {
        isWelcome = true
        greeted()
        return true
      }
      filled += count
      let start = 0
      for (; start + size <= filled; start += size) take(memory.subarray(start, start + size))
      memory.copyWithin(0, start, filled)
      filled -= start
      return true
    }
    const socket = connect({
      host: '127.0.0.1',
      port: this.#port,
      onread: { buffer: () => memory.subarray(filled), callback: came },
    })
    this.#sockets.push(socket)
    socket.write(greeting('r', size))
    await welcome
  }

  settle(): Promise<void> {
    return Promise.resolve()
  }

  close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    return Promise.resolve()
  }
}

function greeting(role: 's' | 'r', size: number): Buffer {
  const bytes = Buffer.alloc(5, role)
  bytes.writeUInt32LE(size, 1)
  return bytes
}
