import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { until } from '../../support/until.ts'
import { Mortal } from './fixtures/mortal.ts'
import { childrenOf } from './support/processes.ts'
import { free, session } from './support/session.ts'

/** Workers of Ray's that have `mark` in their environment, and a name that begins so. */
function workersWith(mark: string, name: string): number[] {
  const ids = readdirSync('/proc').filter((id) => /^\d+$/.test(id))
  return ids.filter((id) => textOf(id, 'cmdline').startsWith(name) && textOf(id, 'environ').includes(mark)).map(Number)
}

function textOf(id: string, file: string): string {
  try {
    return readFileSync(`/proc/${id}/${file}`, 'latin1')
  } catch {
    // It has just ended.
    return ''
  }
}

test('an actor that has settled has a worker started, which the next one gets; it ends with the session', async () => {
  const klaw = await session()
  const mark = randomUUID()
  // Workers of an environment of its own are nobody else's.
  const options = { ...free, runtimeEnv: { env_vars: { KLAW_TEST_MARK: mark } } }

  const settled = klaw.actor(Mortal, options).remote()
  const [, first] = await settled.processes.remote()
  let idle: readonly number[] = []
  let next = first
  // The name of an idle worker is there a little before Ray can give it to anybody: then the actor gets another one.
  while (!idle.includes(next)) {
    await until(() => workersWith(mark, 'ray::IDLE').length > 0)
    idle = workersWith(mark, 'ray::IDLE')
    expect(idle).not.toContain(first)
    // Nothing of ours runs in it before an actor comes.
    expect(idle.flatMap(childrenOf)).toEqual([])
    next = (await klaw.actor(Mortal, options).remote().processes.remote())[1]
  }
  expect((await settled.processes.remote())[1]).toBe(first)
  await klaw.shutdown()
  await until(() => workersWith(mark, 'ray::').length === 0)
})
