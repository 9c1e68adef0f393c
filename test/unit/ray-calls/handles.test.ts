import { expect, describe as suite, test } from 'vitest'
import { FakeHome } from './fake-child.ts'
import { CallsRig } from './rig.ts'

class Echo {
  kindOf(values: readonly unknown[]): unknown {
    return (values[0] as { kind: unknown }).kind
  }
}

/** Of a process whose hub is no more. */
class HublessHome extends FakeHome {
  override async barrier(): Promise<void> {
    await super.barrier()
    throw new Error('the hub is gone')
  }
}

suite('calls with handles in their arguments', () => {
  test('leave without waiting for the hub; the answer waits until it has seen the claims', async () => {
    await using rig = await CallsRig.start()
    const home = new FakeHome()
    const child = await rig.child(new Echo(), home)
    rig.where = () => child
    // The caller never gets to the hub.
    rig.agent.operations.set('hub.find', () => new Promise(() => {}))
    const handle = await rig.handle(new Echo())
    expect(await handle.kindOf.remote([handle])).toBe(2)
    expect(home.barriers).toBe(1)
  })

  test('are answered when the hub of the callee is gone', async () => {
    await using rig = await CallsRig.start()
    const child = await rig.child(new Echo(), new HublessHome())
    rig.where = () => child
    const handle = await rig.handle(new Echo())
    expect(await handle.kindOf.remote([handle])).toBe(2)
  })

  test('without handles nobody asks the hub', async () => {
    await using rig = await CallsRig.start()
    const home = new FakeHome()
    const child = await rig.child(new Echo(), home)
    rig.where = () => child
    const handle = await rig.handle(new Echo())
    expect(await handle.kindOf.remote([{ kind: 'plain' }])).toBe('plain')
    expect(home.barriers).toBe(0)
    expect(rig.hub.said).toEqual([])
  })
})
