import { ChannelBackendError, RayTaskError } from '@klaw/core'
import { expect, test } from 'vitest'
import { ownCluster, processesLike } from '../../support/ray/own-cluster.ts'
import { failure, rejection } from '../../support/rejection.ts'
import { until } from '../../support/until.ts'
import { free, session } from '../faults/support/session.ts'
import { Resident } from '../nodes/fixtures/resident.ts'

test.skipIf(process.platform !== 'linux')(
  'the hub is killed before a handle in an argument has reached the callee: the call fails, and the next one is served',
  async () => {
    const cluster = await ownCluster()
    const klaw = await session({}, cluster.address)
    const actor = klaw.actor(Resident, free)
    const [one, other] = [actor.remote(), actor.remote()]
    await klaw.get([one.processId.remote(), other.processId.remote()])
    const workers = processesLike(cluster, /^ray::ResidentActor/).map(({ pid }) => pid)
    expect(workers).toHaveLength(2)

    // The actor's process gets the call, and asks its worker for what the handle refers to.
    for (const pid of workers) process.kill(pid, 'SIGSTOP')
    const call = one.sumOfStream.remote(other, 4)
    expect(await klaw.listChannels()).toEqual([])
    const [hub] = processesLike(cluster, /^ray::KlawHub/)
    process.kill(hub?.pid as number, 'SIGKILL')
    await until(async () => (await failure(klaw.listChannels())) === undefined)
    expect(processesLike(cluster, /^ray::KlawHub/)).not.toContainEqual(hub)
    for (const pid of workers) process.kill(pid, 'SIGCONT')

    const error = await rejection(call)
    expect(error).toBeInstanceOf(RayTaskError)
    expect((error as RayTaskError).cause).toBeInstanceOf(ChannelBackendError)
    expect(await one.sumOfStream.remote(other, 4)).toBe(6)
  },
)
