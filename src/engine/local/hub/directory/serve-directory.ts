import type { HubResources } from '../../cluster.ts'
import type { HubOptions } from '../../hub-thread.ts'
import type { Hub } from '../hub.ts'
import { ActorDirectory } from './actor-directory.ts'
import { serveCallRoutes } from './call-routes.ts'
import { Resources } from './resources.ts'
import { TaskWorkers } from './task-workers.ts'
import { WorkerThreads } from './worker-threads.ts'

/** Serves everything about threads, actors and tasks. Returns the threads, for whoever ends them all. */
export function serveDirectory(hub: Hub, options: HubOptions): WorkerThreads {
  const resources = new Resources({ CPU: options.numCpus })
  const threads = new WorkerThreads(hub, options.namespace)
  new ActorDirectory(hub, resources, threads)
  new TaskWorkers(hub, resources, threads)
  serveCallRoutes(hub)
  hub.handle('cluster.resources', (): HubResources => ({ total: resources.total, available: resources.available }))
  return threads
}
