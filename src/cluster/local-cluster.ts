import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { KlawError } from '../errors.ts'
import { type ClusterRecord, removeRecord } from './cluster-record.ts'
import { pickAddress, pickPorts } from './loopback.ts'
import { checkNodeOptions, type NodeOptions } from './options.ts'
import type { ProcessIdentity } from './process-table.ts'
import { joinArguments, nodeEnvironment } from './ray-command.ts'
import type { RayInstallation } from './ray-installation.ts'
import { startNode } from './start-node.ts'
import type { Supervisor } from './supervisor.ts'

/** A further node of a cluster on this machine. */
export interface ClusterNode extends AsyncDisposable {
  /** Its own address, where the head has another one. */
  readonly host: string
  /** Its processes, as of now. The first one is klaw's own, above all others. */
  processes(): ProcessIdentity[]
  /** Ends the node with all its processes; settles when they have gone. */
  stop(): Promise<void>
}

/** A Ray cluster on this machine that this process has started. */
export class LocalCluster implements AsyncDisposable {
  /** For `connect`: `ray://127.x.y.z:port`. */
  readonly address: string
  /** Where drivers in Python connect from this machine: `127.x.y.z:port`. */
  readonly gcsAddress: string
  readonly rayVersion: string
  readonly ray: RayInstallation
  readonly detached: boolean
  readonly #record: ClusterRecord
  readonly #head: Supervisor
  readonly #options: NodeOptions
  readonly #nodes = new Set<ClusterNode>()
  #stopping: Promise<void> | undefined

  /** Made by `startCluster` only. */
  constructor(record: ClusterRecord, ray: RayInstallation, head: Supervisor, options: NodeOptions) {
    this.address = record.address
    this.gcsAddress = record.gcsAddress
    this.rayVersion = record.rayVersion
    this.detached = record.detached
    this.ray = ray
    this.#record = record
    this.#head = head
    this.#options = options
  }

  /** Where Ray's logs are (`session_latest/logs`), until the cluster is stopped. */
  get folder(): string {
    return this.#record.folder
  }

  /** The processes of the head, as of now. The first one is klaw's own, above all others. */
  processes(): ProcessIdentity[] {
    return this.#head.processes()
  }

  /**
   * Starts a further node. It has the environment of the head, unless told otherwise, and ends with this process or the
   * cluster.
   *
   * @throws KlawError if it does not start, or the cluster has been stopped.
   */
  async addNode(options: NodeOptions = {}): Promise<ClusterNode> {
    if (this.#stopping !== undefined) throw new KlawError(`the cluster ${this.address} has been stopped`)
    checkNodeOptions(options)
    const { env, pythonPath } = this.#options
    const host = await pickAddress()
    const [port] = (await pickPorts(1)) as [number]
    const supervisor = await startNode(
      {
        python: this.ray.python,
        command: [this.ray.ray, ...joinArguments(this.gcsAddress, host, port, this.folder, options)],
        environment: nodeEnvironment({ env: { ...env, ...options.env }, pythonPath: options.pythonPath ?? pythonPath }),
        log: join(this.folder, `node-${randomBytes(4).toString('hex')}.log`),
        remove: [],
      },
      host,
      [port],
      options.startTimeout,
    )
    const stop = async () => {
      this.#nodes.delete(node)
      await supervisor.stop()
    }
    const node = { host, processes: () => supervisor.processes(), stop, [Symbol.asyncDispose]: stop }
    this.#nodes.add(node)
    // The cluster was stopped while the node was on its way up.
    if (this.#stopping !== undefined) await stop()
    return node
  }

  /** Ends the cluster with all its processes and removes its files; settles when they have gone. */
  async stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    await this.#stopping
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  async #stop(): Promise<void> {
    const ends = [...[...this.#nodes].map((node) => node.stop()), this.#head.stop()]
    const outcomes = await Promise.allSettled(ends)
    removeRecord(this.#record)
    rmSync(this.folder, { recursive: true, force: true })
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  }
}
