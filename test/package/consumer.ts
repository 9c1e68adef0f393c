// Type-checked, never run, against the packed package as a user's compiler sees it.
import { type ActorHandle, actor, channel, connect, type Receiver, type Sender } from '@klaw/core'

class Counter {
  total = 0
  add(by: number): number {
    this.total += by
    return this.total
  }
}
export const CounterActor = actor(import.meta, Counter)

export async function main(): Promise<number> {
  const [tx, rx]: [Sender<number>, Receiver<number>] = channel<number>({ capacity: 1 })
  await tx.send(1)
  // @ts-expect-error: the item's type is checked
  await tx.send('one')
  const klaw = await connect()
  const counter: ActorHandle<Counter> = klaw.actor(CounterActor).remote()
  const sum: number = await counter.add.remote(await rx.recv())
  // @ts-expect-error: so are a method's arguments
  counter.add.remote('one')
  await klaw.shutdown()
  return sum
}
