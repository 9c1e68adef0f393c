import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { RayError } from '../../../errors.ts'
import type { TlsMaterial } from './credentials.ts'
import { seconds } from './deadline.ts'

export interface Endpoint {
  readonly host: string
  readonly port: number
  readonly tls: TlsMaterial | undefined
}

/** `host:port`, with brackets around IPv6. */
export function authorityOf({ host, port }: Endpoint): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`
}

/**
 * Opens a connection, TLS included, and keeps no process alive with it.
 *
 * @param timeout milliseconds
 * @throws {RayError} that says what is wrong with the address, the port or a certificate
 */
export function openSocket(endpoint: Endpoint, timeout: number): Promise<Socket> {
  const { promise, resolve, reject } = withResolvers<Socket>()
  let socket: Socket
  try {
    socket = endpoint.tls === undefined ? connectTcp(endpoint) : openTls(endpoint, endpoint.tls)
  } catch (error) {
    // Certificates that are none are refused before anything is opened.
    return Promise.reject(explain(endpoint, error as NodeJS.ErrnoException))
  }
  socket.unref()
  socket.setNoDelay(true)
  const opened = endpoint.tls === undefined ? 'connect' : 'secureConnect'
  const timer = setTimeout(() => {
    fail(new RayError(`cannot connect to ${authorityOf(endpoint)}: no answer within ${seconds(timeout)}`))
  }, timeout)
  timer.unref()
  const fail = (error: Error) => {
    clearTimeout(timer)
    reject(error)
    socket.destroy()
  }
  const onError = (error: NodeJS.ErrnoException) => fail(explain(endpoint, error))
  socket.once('error', onError)
  socket.once(opened, () => {
    clearTimeout(timer)
    socket.off('error', onError)
    resolve(socket)
  })
  return promise
}

function openTls(endpoint: Endpoint, { ca, cert, key }: TlsMaterial): Socket {
  const { host, port } = endpoint
  return connectTls({
    host,
    port,
    ca: bytesOf(ca),
    ...(cert === undefined ? {} : { cert: bytesOf(cert) }),
    ...(key === undefined ? {} : { key: bytesOf(key) }),
    ALPNProtocols: ['h2'],
    // Names only: TLS knows no server name that is an address.
    ...(isIP(host) === 0 ? { servername: host } : {}),
  })
}

function bytesOf(pem: string | Uint8Array): string | Buffer {
  return typeof pem === 'string' ? pem : Buffer.from(pem)
}

function explain(endpoint: Endpoint, error: NodeJS.ErrnoException): RayError {
  return new RayError(`cannot connect to ${authorityOf(endpoint)}: ${reasonOf(endpoint, error)}`, { cause: error })
}

function reasonOf({ host, tls }: Endpoint, error: NodeJS.ErrnoException): string {
  const code = error.code ?? ''
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `no address is known for the host ${host} (${code})`
  if (code === 'ECONNREFUSED') return 'nothing listens on that port (ECONNREFUSED)'
  if (code === 'CERT_HAS_EXPIRED') return "the cluster's certificate has expired"
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return `the cluster's certificate is for another host: ${error.message}`
  if (/SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|CERT_SIGNATURE|DEPTH_ZERO|UNTRUSTED/.test(code)) {
    return `the cluster's certificate is not signed by the given authority (${code})`
  }
  if (tls !== undefined && (code === 'EPROTO' || code === 'ECONNRESET' || code.startsWith('ERR_SSL'))) {
    return `the TLS handshake failed; perhaps the port speaks no TLS (${error.message})`
  }
  return error.message
}

function withResolvers<T>() {
  let resolve!: (value: T) => void
  let reject!: (error: Error) => void
  const promise = new Promise<T>((res, rej) => {
    resolve = res
    reject = rej
  })
  return { promise, resolve, reject }
}
