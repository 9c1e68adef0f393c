"""Calls in stints (ARCHITECTURE.md): the agent's side."""
