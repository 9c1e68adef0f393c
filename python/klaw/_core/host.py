"""What all ends of channels have in common: the session that they live in, and how they go on to others."""

from __future__ import annotations

from typing import Any

from klaw_agent.wire.items import Token

from .client import Client
from .identity import Identity
from .pending import LOCK, Deadline, Waits


class Holding:
    """A channel as one end of it sees it."""

    __slots__ = ("client", "identity")

    def __init__(self, client: Client, identity: Identity) -> None:
        self.client = client
        self.identity = identity

    def attach(self, side: str, stream: int, like: int | None = None) -> None:
        """Tells the hub of another end. With the lock held, once the end is there."""
        self.client.notify("channel.attach", self._attachment(side, stream, like))

    async def attached(self, side: str, stream: int, waits: Waits, deadline: Deadline, like: int | None = None) -> None:
        """As `attach`, and waits until the hub counts the end."""
        with LOCK:
            answer = self.client.request("channel.attach", self._attachment(side, stream, like))
        await answer.wait(waits, deadline)

    def export(self, kind: int, kept: bool) -> Token:
        """A clone goes into a value."""
        with LOCK:
            return self.client.export(kind, self.identity.id, kept=kept)

    async def stats(self, waits: Waits, deadline: Deadline) -> dict[str, Any]:
        with LOCK:
            answer = self.client.request("channel.stats", self.identity.id)
        stats: dict[str, Any] = await answer.wait(waits, deadline)
        return stats

    def _attachment(self, side: str, stream: int, like: int | None) -> dict[str, object]:
        argument: dict[str, object] = {"id": self.identity.id, "side": side, "stream": stream}
        if like is not None:
            argument["like"] = like
        return argument
