import { expect } from 'vitest'
import { suite } from './suite.ts'
import { drain, numbers, take, untilStats } from './support.ts'

export const orderingSuite = suite('ordering', (engine, it) => {
  it('values of one sender arrive in order, awaited or not', async () => {
    const [tx, rx] = await engine.channel<number>({ capacity: 7 })
    const sends = numbers(200).map((value) => tx.send(value))
    expect(await take(rx, 200)).toEqual(numbers(200))
    await Promise.all(sends)
  })

  it('values of each of several senders arrive in order', async () => {
    const [tx, rx] = await engine.channel<[sender: number, value: number]>({ capacity: 5 })
    const producers = numbers(4).map(async (sender) => {
      const own = tx.clone()
      for (const value of numbers(50)) await own.send([sender, value])
      await own.close()
    })
    await tx.close()
    const all = await drain(rx)
    await Promise.all(producers)
    for (const sender of numbers(4)) {
      expect(all.filter(([from]) => from === sender).map(([, value]) => value)).toEqual(numbers(50))
    }
  })

  it('across senders, what was accepted first arrives first', async () => {
    const [first, rx] = await engine.channel<number>()
    const second = first.clone()
    for (const value of numbers(10)) {
      await (value % 2 === 0 ? first : second).send(value)
      await untilStats(first, { sent: value + 1 })
    }
    expect(await take(rx, 10)).toEqual(numbers(10))
  })

  it('senders that wait are served in the order in which they came', async () => {
    const [tx, rx] = await engine.channel<number>({ capacity: 1 })
    await tx.send(0)
    const waiting: Promise<void>[] = []
    for (const value of [1, 2, 3, 4]) {
      waiting.push(tx.clone().send(value))
      await untilStats(tx, { waitingSenders: value })
    }
    expect(await take(rx, 5)).toEqual([0, 1, 2, 3, 4])
    await Promise.all(waiting)
  })

  it('receivers that wait are served in the order in which they came', async () => {
    const [tx, rx] = await engine.channel<number>()
    const waiting: Promise<number>[] = []
    for (const count of [1, 2, 3, 4]) {
      waiting.push(rx.clone().recv())
      await untilStats(tx, { waitingReceivers: count })
    }
    for (const value of [1, 2, 3, 4]) await tx.send(value)
    expect(await Promise.all(waiting)).toEqual([1, 2, 3, 4])
  })

  it('nobody barges: a freed slot belongs to the one it woke', async () => {
    const [tx, rx] = await engine.channel<string>({ capacity: 1 })
    const other = tx.clone()
    await tx.send('first')
    const waiting = tx.send('waited')
    await untilStats(tx, { waitingSenders: 1 })
    expect(await rx.recv()).toBe('first')
    expect((await other.trySend('barged')).ok).toBe(false)
    await waiting
    expect(await rx.recv()).toBe('waited')
  })

  it('exactly one receiver gets each value', async () => {
    const [tx, rx] = await engine.channel<number>({ capacity: 10 })
    const consumers = numbers(5).map(() => drain(rx.clone()))
    await rx.close()
    for (const value of numbers(500)) await tx.send(value)
    await tx.close()
    const all = await Promise.all(consumers)
    expect(all.flat().sort((a, b) => a - b)).toEqual(numbers(500))
    for (const own of all) expect(own).toEqual([...own].sort((a, b) => a - b))
  })
})
