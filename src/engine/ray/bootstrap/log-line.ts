import type { LogData } from './generated/ray_client_pb.ts'

/** One line that a process of the cluster has written. */
export interface LogLine {
  /** Where it was written to. What Ray says itself, about the cluster or the session, is `'stderr'`. */
  readonly stream: 'stdout' | 'stderr'
  /** The text, without Ray's prefix and the line's end. */
  readonly line: string
  /**
   * Who wrote it: the class of an actor, the function of a task, `'raylet'` or `'autoscaler'`, the name of one of Ray's loggers. Undefined where Ray does not
   * know: for what a worker says before it has work.
   */
  readonly name: string | undefined
  /** Of the process for Ray, which for TypeScript is the worker above the Node process. */
  readonly pid: number | undefined
  /** Address of the node, unless it is the one that serves the session. */
  readonly ip: string | undefined
}

type LogRecord = Pick<LogData, 'msg' | 'level' | 'name'>

/** For records with these levels Ray has put together what workers wrote; other levels are those of Python's loggers. */
const writtenToStdout = -1
const writtenToStderr = -2
const leastLevel = 30

/** `(Counter pid=1234, ip=10.0.0.2) text`, its prefix in colours unless Ray was told otherwise. */
const prefixed =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are written with them
  /^(?:\x1b\[\d+m)?\((?:(?:(?<name>.+) )?pid=(?<pid>\d+)|(?<part>raylet|gcs_server|runtime_env|autoscaler)(?: \+[^)]*?)?)(?:, ip=(?<ip>[^)]+))?\)(?:\x1b\[0m)? (?<line>.*)$/s

/** The lines of one record of the log stream; none where it is of no interest to users. */
export function logLines({ msg, level, name }: LogRecord): LogLine[] {
  if (level === writtenToStdout || level === writtenToStderr) {
    const stream = level === writtenToStdout ? 'stdout' : 'stderr'
    const text = msg.endsWith('\n') ? msg.slice(0, -1) : msg
    return text === '' ? [] : text.split('\n').map((line) => workerLine(stream, line))
  }
  if (level < leastLevel) return []
  return msg.split('\n').map((line) => ({ stream: 'stderr', line, name, pid: undefined, ip: undefined }))
}

function workerLine(stream: LogLine['stream'], text: string): LogLine {
  const groups = prefixed.exec(text)?.groups
  if (groups === undefined) return { stream, line: text, name: undefined, pid: undefined, ip: undefined }
  const { name, pid, part, ip, line = '' } = groups
  return { stream, line, name: name ?? part, pid: pid === undefined ? undefined : Number(pid), ip }
}
