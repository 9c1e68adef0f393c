"""Values that the hub fetches from an agent, so that it, and not the agent, owns them."""

from __future__ import annotations

from typing import Any

from ..errors import KlawError
from ..raw_bytes import RawBytes


class Gifts:
    """The values of one agent, until the hub has them. `giver` is the agent's own actor, whom the hub asks."""

    def __init__(self, giver: Any) -> None:
        self.giver = giver
        self._data: dict[int, bytes | memoryview] = {}
        self._next = 0

    def add(self, data: bytes | memoryview) -> int:
        """The key by which it is asked for."""
        self._next += 1
        self._data[self._next] = data
        return self._next

    def give(self, key: int) -> RawBytes:
        """The value, for Ray to store. It may be asked for again, if the answer was lost."""
        data = self._data.get(key)
        if data is None:
            raise KlawError("the session that wanted to store the value has ended")
        return RawBytes(data)

    def remove(self, key: int) -> None:
        self._data.pop(key, None)
