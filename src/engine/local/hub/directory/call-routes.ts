import type { MessagePort } from 'node:worker_threads'
import type { OperationContext } from '../../../../wire/operations.ts'
import type { Hub } from '../hub.ts'

/** Brings threads together that call each other. The calls themselves do not come through the hub. */
export function serveCallRoutes(hub: Hub): void {
  hub.handle('peer.connect', (session, { to }: { to: number }, context: OperationContext) => {
    const port = context.attachments?.[0] as MessagePort
    const target = hub.session(to)
    // A closed port tells the caller that there is no such thread any more.
    if (target === undefined) port.close()
    else target.connection.notify('peer.accept', { from: session.id }, [port])
  })

  // Only the owner of an object, whose session is the first part of its id, knows the call that makes it.
  hub.handle('call.cancel', async (_session, cancel: { id: string; force: boolean }) => {
    const owner = hub.session(Number.parseInt(cancel.id, 10))
    await owner?.connection.request('call.cancel', cancel, { keepAlive: false })
  })
}
