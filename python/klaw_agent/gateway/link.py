"""What the gateway needs of the connection to its client."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol


class Link(Protocol):
    """Bytes to the client, in order."""

    def write(self, buffers: Iterable[bytes | memoryview]) -> None:
        """Queues whole frames; they leave with everything else of this turn of the loop."""
        ...

    async def drain(self) -> None:
        """Waits until little is queued. Raises the connection's error when it is lost."""
        ...

    def close(self) -> None:
        """Says goodbye after everything that was written."""
        ...
