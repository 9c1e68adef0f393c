import { expect, onTestFinished, test } from 'vitest'
import type { LogLine } from '../../../src/engine/ray/bootstrap/log-line.ts'
import type { LogStreamOptions } from '../../../src/engine/ray/bootstrap/log-stream.ts'
import { until } from '../../support/until.ts'
import { connect } from './support/connect.ts'
import { FakeCluster, type FakeOptions } from './support/fake-cluster.ts'

/** A client that follows the logs of a cluster, and what it has been given and told. */
async function follow(options: FakeOptions) {
  const cluster = await FakeCluster.start(options)
  const lines: LogLine[] = []
  const told: string[] = []
  const logs: LogStreamOptions = {
    take: (line) => void lines.push(line),
    tell: (trouble) => void told.push(trouble),
  }
  const bootstrap = await connect(cluster.port, { logs, timeouts: { grace: 1_000 } })
  return { cluster, lines, told, bootstrap }
}

/** A record, and then nothing more. */
async function* saying(...texts: string[]) {
  for (const text of texts) yield { msg: `(Counter pid=1) ${text}\n`, level: -1, name: 'stdout' }
  const ending = new Promise<void>((resolve) => onTestFinished(() => resolve()))
  await ending
}

test('lines arrive for the session, which asks Ray to collect them', async () => {
  const { cluster, lines, told, bootstrap } = await follow({ logs: () => saying('one', 'two') })
  await until(() => lines.length === 2)
  expect(lines.map(({ line, name }) => `${name} ${line}`)).toEqual(['Counter one', 'Counter two'])
  expect(cluster.logStreams).toEqual([{ enabled: true, loglevel: 20, clientId: cluster.streams[0]?.clientId }])
  expect(cluster.initArguments).toEqual([{ log_to_driver: true }])
  await bootstrap.close()
  expect(told).toEqual([])
})

test('who does not ask for lines gets none', async () => {
  const cluster = await FakeCluster.start({ logs: () => saying('one') })
  await connect(cluster.port)
  expect(cluster.initArguments).toEqual([{ log_to_driver: false }])
  expect(cluster.logStreams).toEqual([])
})

test('with another connection the stream is opened again, and that is told once', async () => {
  const { cluster, lines, told } = await follow({ logs: (stream) => saying(`of stream ${stream}`) })
  await until(() => lines.length === 1)
  for (const cuts of [1, 2]) {
    cluster.cut()
    await until(() => lines.length === cuts + 1)
  }
  expect(lines.map(({ line }) => line)).toEqual(['of stream 0', 'of stream 1', 'of stream 2'])
  expect(told).toEqual([expect.stringMatching(/^log lines of the cluster may be missing here/)])
})

test('a stream that ends or fails by itself is opened again, and that is told once', async () => {
  const { cluster, lines, told } = await follow({
    logs: (stream) =>
      stream === 2
        ? saying('at last')
        : (async function* () {
            if (stream === 1) throw new Error('no logs today')
            yield { msg: '(Counter pid=1) first\n', level: -2, name: 'stderr' }
          })(),
  })
  await until(() => lines.length === 2)
  expect(lines.map(({ line, stream }) => `${stream} ${line}`)).toEqual(['stderr first', 'stdout at last'])
  expect(told).toEqual([
    expect.stringMatching(/^log lines of the cluster may be missing here \(their stream broke: it ended\)/),
  ])
  expect(cluster.logStreams).toHaveLength(3)
})

test('a cluster without log streams is told about, and the session goes on', async () => {
  const { told, bootstrap } = await follow({})
  await until(() => told.length > 0)
  expect(told).toEqual([expect.stringMatching(/^this cluster sends no log lines/)])
  expect(bootstrap.versions.ray).toBe('2.60.0')
})

test('with a session that is lost there are no more lines, and that is told', async () => {
  const { cluster, lines, told, bootstrap } = await follow({ logs: () => saying('one') })
  await until(() => lines.length === 1)
  const lost = new Promise<Error>((resolve) => bootstrap.onLost(resolve))
  await cluster.stop()
  await lost
  expect(told.at(-1)).toMatch(/^no more log lines of the cluster: the session with the cluster was lost/)
})

test('closing the session closes the stream', async () => {
  const { cluster, lines, told, bootstrap } = await follow({ logs: () => saying('one') })
  await until(() => lines.length === 1)
  await bootstrap.close()
  expect(told).toEqual([])
  expect(cluster.logStreams).toHaveLength(1)
})
