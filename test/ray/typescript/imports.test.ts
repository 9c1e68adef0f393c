import { ActorDiedError, actor, type Runtime } from '@klaw/core'
import { beforeAll, expect, test } from 'vitest'
import { failure, rejection } from '../../support/rejection.ts'
import { strangeModule } from './support/modules.ts'
import { processesOf, untilReaped } from './support/processes.ts'
import { free, openSession, session } from './support/session.ts'
import { Witness } from './support/witness.ts'

let klaw: Runtime
beforeAll(async () => {
  klaw = await openSession()
  return () => klaw.shutdown()
})

/** What the test makes handles of; the cluster has the class of that name in the module. */
const shape = {
  Loud: class Loud {
    processes(): [child: number, worker: number] {
      return [0, 0]
    }
    async fetchOwn(): Promise<string> {
      return ''
    }
  },
  Unborn: class Unborn {
    hello(): string {
      return ''
    }
  },
}

test('a module that prints, keeps a timer and leaves a server open does its work, and ends with its actor', async () => {
  const module = strangeModule(
    'loud.ts',
    `import { createServer } from 'node:http'
    import { actor } from '@klaw/core'
    console.log('a module says hello')
    console.error('a module complains')
    let ticks: number = 0
    setInterval(() => ticks++, 10)
    const server = createServer((_, response) => response.end('served'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    export const Loud = actor(import.meta, class Loud {
      processes() { return [process.pid, process.ppid] }
      async fetchOwn() {
        const { port } = server.address() as { port: number }
        return await (await fetch(\`http://127.0.0.1:\${port}\`)).text()
      }
    })`,
  )
  const Loud = actor(module, shape.Loud)
  const killed = klaw.actor(Loud, free).remote()
  const dropped = klaw.actor(Loud, free).remote()
  const processes = processesOf((await klaw.get([killed.processes.remote(), dropped.processes.remote()])).flat())
  expect(await klaw.get([killed.fetchOwn.remote(), dropped.fetchOwn.remote()])).toEqual(['served', 'served'])
  await klaw.kill(killed)
  dropped[Symbol.dispose]()
  await untilReaped(processes)
})

test('a module that throws when it is imported: the actor is dead, of that, with its line', async () => {
  const module = strangeModule(
    'sunday.ts',
    `import { actor } from '@klaw/core'
    export const Unborn = actor(import.meta, class Unborn { hello() { return 'hello' } })
    interface Day { readonly name: string }
    function refuse(day: Day): never {
      throw Object.assign(new RangeError(\`not on a \${day.name}\`), { day: day.name })
    }
    refuse({ name: 'Sunday' })`,
  )
  // Restarts are for actors that have been alive.
  const handle = klaw.actor(actor(module, shape.Unborn), { ...free, maxRestarts: 3 }).remote()
  const error = (await rejection(handle.hello.remote())) as ActorDiedError
  expect(error).toBeInstanceOf(ActorDiedError)
  expect(error.message).toMatch(/can not be loaded: RangeError: not on a Sunday/)
  const loading = error.cause as Error
  expect(loading.message).toMatch(/the module of actor 'Unborn', .*sunday\.ts, can not be loaded/)
  expect(loading.cause).toMatchObject({ name: 'RangeError', message: 'not on a Sunday', day: 'Sunday' })
  expect((loading.cause as Error).stack).toMatch(/at refuse .*sunday\.ts:5:\d+/)
  expect(await rejection(handle.ready())).toMatchObject({ code: 'ACTOR_DIED', message: error.message })
})

/** An actor whose module never finishes loading, and its processes. */
async function endless(runtime: Runtime) {
  const witness = new Witness()
  const module = strangeModule(
    'endless.ts',
    `import { appendFileSync } from 'node:fs'
    import { actor } from '@klaw/core'
    export const Unborn = actor(import.meta, class Unborn { hello() { return 'hello' } })
    setInterval(() => {}, 1_000_000)
    appendFileSync(${JSON.stringify(witness.path)}, \`born \${process.pid} of \${process.ppid}\\n\`)
    await new Promise(() => {})`,
  )
  const handle = runtime.actor(actor(module, shape.Unborn), { ...free, maxRestarts: 1 }).remote()
  const ready = failure(handle.ready())
  const call = failure(handle.hello.remote())
  await witness.begins('born')
  return { handle, witness, processes: processesOf(Object.values(witness.births[0] ?? {})), pending: [ready, call] }
}

test('a module that awaits for ever: its actor stays pending, and kill ends it', async () => {
  const { handle, witness, processes, pending } = await endless(klaw)
  const first = await Promise.race([...pending, klaw.get(klaw.put('still pending'))])
  expect(first).toBe('still pending')
  await klaw.kill(handle)
  for (const outcome of pending) expect(await outcome).toBeInstanceOf(ActorDiedError)
  expect(await rejection(handle.hello.remote())).toBeInstanceOf(ActorDiedError)
  await untilReaped(processes)
  expect(witness.births).toHaveLength(1)
})

test('a module that awaits for ever: the end of the runtime ends it as well', async () => {
  const other = await session()
  const { processes, pending } = await endless(other)
  await other.shutdown()
  for (const outcome of pending) expect(await outcome).toMatchObject({ code: 'RUNTIME_CLOSED' })
  await untilReaped(processes)
})

test('a module that computes for ever: the handle that is dropped ends it as well', async () => {
  const witness = new Witness()
  const module = strangeModule(
    'endless.ts',
    `import { appendFileSync } from 'node:fs'
    import { actor } from '@klaw/core'
    export const Unborn = actor(import.meta, class Unborn { hello() { return 'hello' } })
    appendFileSync(${JSON.stringify(witness.path)}, \`born \${process.pid} of \${process.ppid}\\n\`)
    for (;;);`,
  )
  const handle = klaw.actor(actor(module, shape.Unborn), free).remote()
  await witness.begins('born')
  const processes = processesOf(Object.values(witness.births[0] ?? {}))
  handle[Symbol.dispose]()
  await untilReaped(processes)
})
