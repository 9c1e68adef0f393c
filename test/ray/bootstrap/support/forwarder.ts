import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import { endpointOf } from './session.ts'

/** Stands before a head, and can break what passes through. */
export async function forwarder(address: string) {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    const onward = connect(endpointOf(address))
    for (const [one, other] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      sockets.add(one)
      one.on('error', () => {})
      one.once('close', () => {
        sockets.delete(one)
        other.destroy()
      })
      one.pipe(other)
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }
  onTestFinished(() => {
    server.close()
    cut()
  })
  return { address: `ray://127.0.0.1:${(server.address() as AddressInfo).port}`, cut }
}
