import { createConnection } from 'node:net'
import { expect, inject, test } from 'vitest'

/** The start of every HTTP/2 connection, followed by an empty SETTINGS frame. */
const hello = Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])])
const settingsFrame = 4

test("the shared head's client port speaks HTTP/2, as gRPC does", async () => {
  const { hostname, port } = new URL(inject('rayAddress').replace(/^ray:/, 'http:'))
  const socket = createConnection({ host: hostname, port: Number(port) })
  try {
    socket.write(hello)
    const [answer] = (await socket.take(1).toArray()) as [Buffer]
    expect(answer[3]).toBe(settingsFrame)
  } finally {
    socket.destroy()
  }
})
