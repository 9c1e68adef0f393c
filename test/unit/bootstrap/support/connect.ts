import { onTestFinished } from 'vitest'
import { RayClientBootstrap, type RayClientOptions } from '../../../../src/engine/ray/bootstrap/ray-client-bootstrap.ts'

/** Connects with nothing of this process's environment, and closes when the test has finished. */
export async function connect(port: number, options: Partial<RayClientOptions> = {}): Promise<RayClientBootstrap> {
  const bootstrap = await RayClientBootstrap.connect({
    host: '127.0.0.1',
    port,
    namespace: 'test',
    environment: {},
    ...options,
    timeouts: { connect: 2_000, session: 2_000, close: 2_000, ...options.timeouts },
  })
  onTestFinished(() => bootstrap.close())
  return bootstrap
}

const sources = new Map([['klaw_agent/loader.py', 'class KlawAgent: ...']])

export const settings = { namespace: 'test', sources, maxFrame: 1024 }

/** What a fake agent says when it has started. */
export const listening = new TextEncoder().encode(
  JSON.stringify({ host: '127.0.0.1', port: 4711, token: 'secret', tls: false }),
)
