import type { Hub } from './hub.ts'

/** Answers `session.ended` when the session has ended. */
export function serveSessionEnds(hub: Hub): void {
  hub.handle('session.ended', (asker, id: number) => {
    const session = hub.session(id)
    if (session === undefined) return undefined
    return new Promise<void>((resolve) => {
      const ignore = [session.onEnd(end), asker.onEnd(end)]
      function end(): void {
        for (const stop of ignore) stop()
        resolve()
      }
    })
  })
}
