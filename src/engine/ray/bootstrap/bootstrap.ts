/** What a cluster says about itself before anything is started on it. */
export interface ClusterVersions {
  readonly ray: string
  readonly python: string
}

/** Where a session's agent listens, and what opens its door. */
export interface AgentAddress {
  readonly host: string
  readonly port: number
  /** 32 random bytes as hex, made for this session and handed over the cluster's own control plane. */
  readonly token: string
  /** Whether the port speaks TLS, with the certificates that the cluster uses. */
  readonly tls: boolean
}

/** What the agent is started with. */
export interface AgentSettings {
  /** Of actors and queues that do not name one. */
  readonly namespace: string
  /** Files of the agent's Python package by their path, `klaw_agent/agent.py`. */
  readonly sources: ReadonlyMap<string, string>
  /** Bytes of the largest frame that the agent takes. */
  readonly maxFrame: number
  /** What opens its door, 32 bytes as hex; undefined: the agent makes one up. */
  readonly token?: string | undefined
}

/**
 * Where an agent runs: in the process that the cluster has for the session anyhow, or as an actor, whose calls can carry bytes where its port can not be
 * reached.
 */
export type AgentPlace = 'session' | 'actor'

/** Ray's `runtime_env` of a whole session, checked and with URIs only; undefined for none. */
export type SessionRuntimeEnv = Readonly<Record<string, unknown>> | undefined

/** Makes a file available to the cluster under a URI, as Ray's own `working_dir` upload does; a no-op when it is there. */
export type Upload = (uri: string, contents: Uint8Array) => Promise<void>

/**
 * How a process outside of a cluster gets an agent inside it. Ray Client's protocol is one way; Ray's Jobs REST API could be another,
 * without anything else changing.
 */
export interface Bootstrap {
  readonly versions: ClusterVersions
  /** Starts the session's agent, once for each place. Rejects with a `RayError` that holds what Python said. */
  startAgent(settings: AgentSettings, place: AgentPlace): Promise<AgentAddress>
  /**
   * One exchange of the tunnel lane: carries bytes to the agent that is an actor, and answers with what the agent has for us. The agent may hold the answer back for a
   * while when it has nothing to say. Several may be under way; the agent puts them in order by the number. The process stays alive until the call has
   * left, and not for its answer: whoever waits for something sees to that.
   */
  exchange(number: number, bytes: Uint8Array, wait: boolean): Promise<Uint8Array>
  /**
   * Calls back once, when the agent that is an actor has ended, with what Ray knows about that; or the session has, which ends it too. An agent in the
   * session's process ends with that, and nothing is told here.
   */
  onAgentEnded(listener: (error: Error) => void): void
  /** Calls back once, when the session is lost for good (its grace period is over, or the cluster has ended it). */
  onLost(listener: (error: Error) => void): void
  /** Ends the session, and with it the agent and all that it owns. Idempotent. */
  close(): Promise<void>
}
