import {
  type BroadcastReceiver,
  connect,
  pyActorClass,
  type Receiver,
  type Runtime,
  type Sender,
  type WatchSender,
} from '@klaw/core'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { untilStats } from '../../conformance/channels/support.ts'

/** Keeps what it is given, and gives it back. */
interface Holder {
  echo<T>(value: T): T
  put(value: unknown, keep: boolean): { ref: PromiseLike<unknown> }
}
const free = { numCpus: 0 }

let klaw: Runtime
let holder: ReturnType<typeof start>
const start = () => klaw.actor(pyActorClass<Holder, []>('klaw_fixtures.holder', 'Holder'), free).remote()
beforeAll(async () => {
  klaw = await connect(inject('rayAddress') as `ray://${string}`, { timeout: 60_000 })
  holder = start()
})
afterAll(() => klaw.shutdown())

test('ends go to Python and back: as arguments, in containers, and as results', async () => {
  const [tx, rx] = await klaw.channel<string>({ capacity: 10 })
  const back = (await holder.echo.remote(tx)) as Sender<string>
  const { list, map } = (await holder.echo.remote({ list: [tx, 1], map: new Map([['rx', rx]]) })) as unknown as {
    list: [Sender<string>, number]
    map: { rx: Receiver<string> } | Map<'rx', Receiver<string>>
  }
  const again = map instanceof Map ? (map.get('rx') as Receiver<string>) : map.rx
  await tx.send('mine')
  await back.send('echoed')
  await list[0].send('from a list')
  const received = new Set<string>()
  await rx.close()
  while (received.size < 3) received.add(await again.recv({ timeout: 30_000 }))
  expect(received).toEqual(new Set(['mine', 'echoed', 'from a list']))
  await Promise.all([tx, back, list[0], again].map((end) => end.close()))
})

test('ends lie in objects of Ray, and can be got from them more than once', async () => {
  const [tx, rx] = await klaw.channel<number>()
  const ref = klaw.put({ tx })
  const one = (await ref) as { tx: Sender<number> }
  const other = (await klaw.get(ref)) as { tx: Sender<number> }
  await tx.close()
  await one.tx.send(1)
  await one.tx.close()
  await other.tx.send(2)
  expect([await rx.recv(), await rx.recv()].sort()).toEqual([1, 2])
  await untilStats(rx, { senders: 1 })
  await Promise.all([other.tx.close(), rx.close()])
})

test('ends of the other kinds travel the same ways', async () => {
  const [events, listening] = await klaw.broadcast<string>()
  const [state, watching] = await klaw.watch('first')
  const passed = (await holder.echo.remote({ listening, state } as never)) as unknown as {
    listening: BroadcastReceiver<string>
    state: WatchSender<string>
  }
  await events.send('heard')
  expect(await passed.listening.recv({ timeout: 30_000 })).toBe('heard')
  expect(passed.state.borrow()).toBe('first')
  await passed.state.send('second')
  await watching.changed({ timeout: 30_000 })
  expect(watching.borrow()).toBe('second')
  await Promise.all([events, listening, state, watching, passed.listening, passed.state].map((end) => end.close()))
})
