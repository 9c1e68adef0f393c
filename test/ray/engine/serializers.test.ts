import { pyActorClass } from '@klaw/core'
import { expect, test } from 'vitest'
import { rejection } from '../../support/rejection.ts'
import { session } from './session.ts'

class Money {
  readonly cents: number

  constructor(cents: number) {
    this.cents = cents
  }
}

const serializer = {
  name: 'Money',
  serialize: ({ cents }: Money) => ({ cents }),
  deserialize: ({ cents }: { cents: number }) => new Money(cents),
}

interface Till {
  take(money: Money): string
  give(): Money[]
}
const Till = pyActorClass<Till, []>('klaw_fixtures.money', 'Till')

test('a class that both languages have registered under one name is each one’s own', async () => {
  const klaw = await session({ imports: ['klaw_fixtures.money'] })
  klaw.registerSerializer(Money, serializer)
  const till = klaw.actor(Till, { numCpus: 0 }).remote()
  expect(await till.take.remote(new Money(5))).toBe('klaw_fixtures.money.Money 5')
  const [back] = await till.give.remote()
  expect(back).toBeInstanceOf(Money)
  expect(back).toEqual(new Money(5))
  expect(await klaw.put({ deep: [new Money(7)] })).toEqual({ deep: [new Money(7)] })
})

test('a name that one side does not know is an error that says which', async () => {
  const klaw = await session({ imports: ['klaw_fixtures.money'] })
  const till = klaw.actor(Till, { numCpus: 0 }).remote()
  class Unknown {}
  klaw.registerSerializer(Unknown, { name: 'Unknown', serialize: () => 1, deserialize: () => new Unknown() })
  const there = await rejection(till.take.remote(new Unknown() as Money))
  expect(there).toMatchObject({
    code: 'SERIALIZATION',
    message: expect.stringContaining("no serializer named 'Unknown'"),
  })
  klaw.registerSerializer(Money, serializer)
  await till.take.remote(new Money(1))
  klaw.deregisterSerializer(Money)
  const here = await rejection(till.give.remote())
  expect(here).toMatchObject({ code: 'SERIALIZATION', message: expect.stringContaining('Money') })
})

test('a module of serializers that can not be imported fails the connection, by name', async () => {
  const error = await rejection(session({ imports: ['klaw_fixtures.nowhere'] }))
  expect((error as Error).message).toContain('klaw_fixtures.nowhere')
})
