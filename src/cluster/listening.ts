import { createConnection } from 'node:net'

/** Whether a TCP connection to that port is accepted within `timeout` milliseconds. */
export function isListening(host: string, port: number, timeout = 1_000): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host, port })
    const settle = (answer: boolean) => {
      clearTimeout(deadline)
      socket.destroy()
      resolve(answer)
    }
    const deadline = setTimeout(settle, timeout, false)
    socket.once('connect', () => settle(true))
    socket.once('error', () => settle(false))
  })
}
