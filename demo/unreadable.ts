/** Something that was to be read and cannot be. It is counted and named, and the work goes on. */
export interface Unreadable {
  readonly path: string
  readonly reason: string
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ENOENT: 'it has vanished',
  ELOOP: 'a link that leads to itself',
  EIO: 'reading failed',
  EISDIR: 'it has become a folder',
  ENOTDIR: 'it has become a file',
}

/** What went wrong, in plain words with the system's code. */
export function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === undefined) return message
  const reason = reasons[code]
  return reason === undefined ? message : `${reason} (${code})`
}
