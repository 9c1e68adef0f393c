import { RayError } from '../../../errors.ts'
import type { DataChannel } from './data-channel.ts'
import type { ClientTask_RemoteExecType, DataResponse } from './generated/ray_client_pb.ts'
import { pythonError } from './python-error.ts'
import type { DataRequestInit } from './request-queue.ts'

/** Bytes. Larger payloads are cut, as Ray's own client does it. */
const chunkSize = 5 * 1024 * 1024
/** Bytes of the largest result that is put together. */
const largestResult = 1024 * 1024 * 1024

type Type = NonNullable<DataRequestInit['type']>
type Name = NonNullable<DataResponse['type']['case']>
type Answer<Case extends Name> = Extract<DataResponse['type'], { case: Case }>['value']

/** Sends one message, and resolves with the answer, which must be of the case `answer`. */
export function ask<Case extends Name>(channel: DataChannel, type: Type, answer: Case): Promise<Answer<Case>> {
  return askInParts(channel, [type], answer)
}

/** {@link ask} with a request of many messages. */
export async function askInParts<Case extends Name>(
  channel: DataChannel,
  types: Iterable<Type>,
  answer: Case,
): Promise<Answer<Case>> {
  const { type } = await new Promise<DataResponse>((resolve, reject) => {
    channel.start({
      *messages(reqId) {
        for (const type of types) yield { reqId, type }
      },
      take(response) {
        resolve(response)
        return true
      },
      fail: reject,
    })
  })
  if (type.case !== answer) throw new RayError(`the cluster answered a request with ${type.case}, not with ${answer}`)
  return type.value as Answer<Case>
}

/** Puts a pickled value, and resolves with the id of the object. */
export async function put(channel: DataChannel, data: Uint8Array): Promise<Uint8Array> {
  const totalSize = BigInt(data.length)
  const parts = new Parts<Type>(data, (part, chunkId, totalChunks) => ({
    case: 'put',
    value: { data: part, chunkId, totalChunks, totalSize },
  }))
  const { valid, id, error } = await askInParts(channel, parts, 'put')
  if (!valid) throw pythonError('the cluster could not take a value', error)
  return id
}

/** What runs, and with what. */
export interface Task {
  readonly type: ClientTask_RemoteExecType
  readonly name: string
  readonly payloadId: Uint8Array
  readonly clientId: string
  /** A pickled dict. */
  readonly options: Uint8Array | undefined
  /** A pickled pair of arguments and keyword arguments. */
  readonly data: Uint8Array
}

/** Submits a task, and resolves with the one id that it returns: of an object, or of an actor. */
export async function submit(channel: DataChannel, task: Task): Promise<Uint8Array> {
  const { data, options, ...rest } = task
  const parts = new Parts<Type>(data, (part, chunkId, totalChunks) => ({
    case: 'task',
    value: { ...rest, ...(options && { options: { pickledOptions: options } }), data: part, chunkId, totalChunks },
  }))
  const { valid, returnIds, error } = await askInParts(channel, parts, 'taskTicket')
  if (!valid) throw pythonError(`the cluster could not start ${task.name}`, error)
  const [id] = returnIds
  if (id === undefined || returnIds.length !== 1)
    throw new RayError(`${task.name} has ${returnIds.length} results, not one`)
  return id
}

/**
 * Waits for an object, and resolves with its pickled value. A task that failed has its exception as its value.
 *
 * @param holds whether the process stays alive for it
 */
export function get(channel: DataChannel, id: Uint8Array, holds = true): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const parts: Uint8Array[] = []
    channel.start({
      holds,
      *messages(reqId) {
        yield { reqId, type: { case: 'get', value: { ids: [id], asynchronous: true, startChunkId: parts.length } } }
      },
      take({ type }) {
        if (type.case !== 'get') throw new RayError(`the cluster answered a get with ${type.case}`)
        const { valid, error, data, chunkId, totalChunks, totalSize } = type.value
        if (!valid) throw pythonError('the cluster could not get a value', error)
        if (totalSize > largestResult) throw new RayError(`the cluster sends a result of ${totalSize} bytes`)
        // What was on its way when the stream was resumed may come twice.
        if (chunkId < parts.length) return false
        if (chunkId > parts.length) throw new RayError(`the cluster left out a part of a result`)
        parts.push(data)
        if (parts.length < totalChunks) return false
        resolve(parts.length === 1 ? data : Buffer.concat(parts))
        return true
      },
      fail: reject,
    })
  })
}

/** Gives objects or actors back. Nobody waits for it. */
export function release(channel: DataChannel, ids: readonly Uint8Array[]): void {
  const value = { ids: [...ids] }
  // It fails only with the session, and then all of its references are released anyhow.
  ask(channel, { case: 'release', value }, 'release').catch(() => {})
}

/** The same parts each time they are asked for, none made before its turn. */
class Parts<Message> implements Iterable<Message> {
  readonly #data: Uint8Array
  readonly #make: (part: Uint8Array, index: number, count: number) => Message

  constructor(data: Uint8Array, make: (part: Uint8Array, index: number, count: number) => Message) {
    this.#data = data
    this.#make = make
  }

  *[Symbol.iterator](): Generator<Message> {
    const count = Math.max(1, Math.ceil(this.#data.length / chunkSize))
    for (let index = 0; index < count; index += 1) {
      yield this.#make(this.#data.subarray(index * chunkSize, (index + 1) * chunkSize), index, count)
    }
  }
}
