"""Many calls of an actor in one task of Ray's: what runs in the actor's process (ARCHITECTURE.md, "Calls in stints")."""
