"""How a client's bytes reach the agent: over TCP, or through calls of the agent's actor. `docs/gateway.md`, "Connection"."""
