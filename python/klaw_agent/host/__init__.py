"""TypeScript inside of the cluster: what Ray starts for an actor or a task of TypeScript, and the Node process behind it."""
