import { Worker } from 'node:worker_threads'
import { type ProxyMethods, type Remote, releaseProxy, wrap } from 'comlink'
import adapter from 'comlink/dist/umd/node-adapter.js'
import type { Remote as Exposed } from './comlink-worker.mjs'

// Its types say that the function is a property of what is exported; Node says that it is what is exported.
const nodeEndpoint = adapter as unknown as typeof adapter.default

/** A worker thread that comlink speaks to. */
export function startComlink(): { remote: Remote<Exposed>; stop(): Promise<void> } {
  const worker = new Worker(new URL('./comlink-worker.mjs', import.meta.url))
  return {
    remote: wrap(nodeEndpoint(worker)),
    async stop() {
      await worker.terminate()
    },
  }
}

export function release(instance: ProxyMethods): void {
  instance[releaseProxy]()
}
