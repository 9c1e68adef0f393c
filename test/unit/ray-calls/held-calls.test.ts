import { describe, expect, test } from 'vitest'
import { ObjectRef } from '../../../src/api/object-ref.ts'
import { objectPort } from '../../../src/engine/object-engine.ts'
import { TaskCancelledError } from '../../../src/errors.ts'
import { rejection } from '../../support/rejection.ts'
import { settle, until } from '../ray-engine/fake-agent.ts'
import { FakeHome } from './fake-child.ts'
import { CallsRig } from './rig.ts'

class Notes {
  readonly seen: unknown[] = []

  note(value: unknown): unknown {
    this.seen.push(value)
    return value
  }
}

/** A ref in the actor's process that never gets a value. */
class Pending {
  readonly [objectPort] = { fetched: false, park: () => {} }
}

/** Two calls that the actor holds: the first waits for a ref, the second for the first. */
async function held() {
  const notes = new Notes()
  let arrived = 0
  const home = new FakeHome(() => {
    arrived++
    return new Pending()
  })
  const rig = await CallsRig.start()
  const child = await rig.child(notes, home)
  rig.where = () => child
  const handle = await rig.handle(notes)
  const ref = new ObjectRef(rig.engine.objects.put('in Ray'))
  const first = handle.note.remote(ref) as ObjectRef<unknown>
  const second = handle.note.remote('second') as ObjectRef<unknown>
  await until(() => arrived === 1)
  await settle()
  expect(notes.seen).toEqual([])
  return { rig, notes, child, first, second }
}

describe('calls that wait for the values of refs', () => {
  test('can be cancelled, and hold up no others then', async () => {
    const { rig, notes, first, second } = await held()
    await using _ = rig
    const refusal = rejection(first)
    await rig.engine.actors.cancel(first[objectPort], false)
    expect(await refusal).toBeInstanceOf(TaskCancelledError)
    expect(await second).toBe('second')
    expect(notes.seen).toEqual(['second'])
  })

  test('behind one that is cancelled can be cancelled first', async () => {
    const { rig, notes, first, second } = await held()
    await using _ = rig
    const refusals = [rejection(second), rejection(first)]
    await rig.engine.actors.cancel(second[objectPort], false)
    await rig.engine.actors.cancel(first[objectPort], false)
    for (const error of await Promise.all(refusals)) expect(error).toBeInstanceOf(TaskCancelledError)
    expect(notes.seen).toEqual([])
  })

  test('do not run when their caller has gone', async () => {
    const { rig, notes, child, first, second } = await held()
    await using _ = rig
    const refusals = [rejection(first), rejection(second)]
    await rig.engine.shutdown()
    await Promise.all(refusals)
    await until(() => child.open === 0)
    await settle()
    expect(notes.seen).toEqual([])
  })
})
