import { readFileSync } from 'node:fs'
import { inject, onTestFinished } from 'vitest'
import { RayClientBootstrap, type RayClientOptions } from '../../../../src/engine/ray/bootstrap/ray-client-bootstrap.ts'

/** Connects to the shared head, or to the one that is named, and closes when the test has finished. */
export async function connect(
  address = inject('rayAddress'),
  options: Partial<RayClientOptions> = {},
): Promise<RayClientBootstrap> {
  const bootstrap = await RayClientBootstrap.connect({
    ...endpointOf(address),
    namespace: 'klaw-bootstrap-test',
    environment: {},
    ...options,
  })
  onTestFinished(() => bootstrap.close())
  return bootstrap
}

export function endpointOf(address: string): { host: string; port: number } {
  const { hostname, port } = new URL(address.replace(/^ray:/, 'http:'))
  return { host: hostname, port: Number(port) }
}

const own = ['__init__.py', 'loader.py', 'guest.py', 'loop_thread.py'].map((name): [string, string] => [
  `klaw_agent/${name}`,
  readFileSync(new URL(`../../../../python/klaw_agent/${name}`, import.meta.url), 'utf8'),
])

/** A stand-in for the agent's package, but for what loads it. */
export function settingsOf(agent: string) {
  const sources = new Map([...own, ['klaw_agent/agent.py', agent]])
  return { namespace: 'klaw-bootstrap-test', sources, maxFrame: 1_000_000 }
}

export const echoAgent = `
import asyncio
import os


class Agent:
    def __init__(self, settings, over=None):
        self._settings = settings
        self._released = asyncio.Event()

    async def start(self):
        return {"host": os.environ.get("KLAW_TEST_HOST", "127.0.0.1"), "port": os.getpid(), "token": repr(self._settings), "tls": False}

    async def close(self):
        pass

    async def exchange(self, number, data, wait):
        if data == b"release":
            self._released.set()
        if data == b"fail":
            raise ValueError("no such number: " + str(number))
        if wait:
            await self._released.wait()
        return data
`
