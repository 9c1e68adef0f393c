import { type ConnectOpts, connect as connectTcp } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import { RayError } from '../../../errors.ts'
import type { Lane, LaneFactory } from './lane.ts'
import { describeSocketError, SocketLane } from './socket-lane.ts'
import { SocketReader } from './socket-reader.ts'

/** Where an agent listens. */
export interface DirectAddress {
  readonly host: string
  readonly port: number
  /** Certificates and names to check, when the port speaks TLS. */
  readonly tls?: ConnectionOptions | undefined
}

/** Lanes of a TCP connection each, with TLS if the address says so. */
export function directLanes(address: DirectAddress): LaneFactory {
  return { kind: 'direct', open: (signal) => openDirectLane(address, signal) }
}

function openDirectLane(address: DirectAddress, signal: AbortSignal): Promise<Lane> {
  const { host, port, tls } = address
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    const reader = new SocketReader()
    const target = { host, port, onread: reader.options }
    const secure: ConnectionOptions & ConnectOpts = { ...tls, ...target }
    const socket = tls === undefined ? connectTcp(target) : connectTls(secure)
    const connected = tls === undefined ? 'connect' : 'secureConnect'
    const settle = () => {
      signal.removeEventListener('abort', abort)
      socket.off('error', failed)
      socket.off(connected, open)
    }
    const fail = (error: unknown) => {
      settle()
      socket.on('error', () => {})
      socket.destroy()
      reject(error)
    }
    const abort = () => fail(signal.reason)
    const failed = (error: Error) =>
      fail(
        new RayError(`the agent at ${host}:${port} can not be reached: ${describeSocketError(error)}`, {
          cause: error,
        }),
      )
    const open = () => {
      settle()
      resolve(new SocketLane(socket, reader, 'the agent'))
    }
    signal.addEventListener('abort', abort)
    socket.on('error', failed)
    socket.on(connected, open)
  })
}
