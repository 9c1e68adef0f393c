import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ObjectRef } from '../../../src/api/object-ref.ts'
import { freeObjects, getObjects, putObject } from '../../../src/api/objects.ts'
import type { LocalObjects } from '../../../src/engine/local/local-objects.ts'
import type { OwnedObject } from '../../../src/engine/local/owned-object.ts'
import { pass, Rig, until } from './rig.ts'

const threads = 3

/** What is expected of an object. */
interface Model {
  readonly number: number
  readonly owner: number
  freed: boolean
  /** How to settle it, while it is pending. */
  settle: (() => void) | undefined
}

interface Held {
  readonly thread: number
  readonly ref: ObjectRef<unknown>
  readonly model: Model
}

const step = fc.record({
  kind: fc.constantFrom(
    'put',
    'put',
    'nest',
    'pend',
    'settle',
    'pass',
    'pass',
    'pass',
    'get',
    'get',
    'dispose',
    'dispose',
    'free',
  ),
  thread: fc.nat(threads - 1),
  other: fc.nat(threads - 1),
  pick: fc.nat(),
})

test('whatever is done with refs in whatever order: values are right, and nothing is left when all are disposed of', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      await using rig = new Rig(100_000_000)
      const stores: LocalObjects[] = []
      while (stores.length < threads) stores.push(await rig.thread())
      const store = (index: number) => stores[index] as LocalObjects
      const held: Held[] = []
      const pending: Model[] = []
      let next = 0
      for (const { kind, thread, other, pick } of steps) {
        const here = held.filter((one) => one.thread === thread)
        const chosen = here[pick % Math.max(here.length, 1)]
        if (kind === 'put') {
          const model: Model = { number: next++, owner: thread, freed: false, settle: undefined }
          held.push({ thread, ref: putObject(store(thread), sample(model.number)), model })
        } else if (kind === 'nest' && chosen !== undefined) {
          // A stored value that holds a ref, and is held for as long as the test looks at it.
          const outer = putObject(store(thread), [chosen.ref])
          const [inner] = (await getObjects(store(thread), outer)) as [ObjectRef<unknown>]
          outer[Symbol.dispose]()
          held.push({ thread, ref: inner, model: chosen.model })
        } else if (kind === 'pend') {
          const object: OwnedObject = store(thread).create()
          const model: Model = { number: next++, owner: thread, freed: false, settle: undefined }
          model.settle = () => object.settle(store(thread).encode(sample(model.number), 'value'))
          pending.push(model)
          held.push({ thread, ref: store(thread).ref(object) as ObjectRef<unknown>, model })
        } else if (kind === 'settle') {
          settleOne(pending, pick)
        } else if (kind === 'pass' && chosen !== undefined) {
          const [ref] = await pass(store(thread), store(other), [chosen.ref])
          held.push({ thread: other, ref: ref as ObjectRef<unknown>, model: chosen.model })
        } else if (kind === 'get' && chosen !== undefined) {
          const { model, ref } = chosen
          if (model.freed) await expect(getObjects(store(thread), ref)).rejects.toThrow('freed')
          else if (model.settle === undefined) check(await getObjects(store(thread), ref), model)
          else await expect(getObjects(store(thread), ref, { timeout: 0 })).rejects.toThrow('had no value')
        } else if (kind === 'dispose' && chosen !== undefined) {
          held.splice(held.indexOf(chosen), 1)
          chosen.ref[Symbol.dispose]()
        } else if (kind === 'free' && chosen !== undefined) {
          await freeObjects(store(thread), chosen.ref)
          for (const each of stores) await each.client.barrier()
          chosen.model.freed = true
        }
      }
      while (pending.length > 0) settleOne(pending, 0)
      for (const { thread, ref, model } of held) {
        if (!model.freed) check(await getObjects(store(thread), ref), model)
        ref[Symbol.dispose]()
      }
      for (const each of stores) await each.client.barrier()
      await until(() => rig.hub.leases.size === 0)
      expect(await store(0).stats()).toMatchObject({ used: 0, published: 0, pending: 0 })
    }),
    { numRuns: 100 },
  )
})

function settleOne(pending: Model[], pick: number): void {
  const [model] = pending.splice(pick % Math.max(pending.length, 1), 1)
  model?.settle?.()
  if (model !== undefined) model.settle = undefined
}

function check(value: unknown, { number }: Model): void {
  if (value instanceof Uint8Array)
    expect([value.length, value[0], value.at(-1)]).toEqual([70_000, number & 255, number & 255])
  else expect(value).toEqual(sample(number))
}

/** Small and large ones. */
function sample(number: number): unknown {
  return number % 3 === 0 ? new Uint8Array(70_000).fill(number) : { number }
}
