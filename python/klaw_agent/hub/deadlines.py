"""Many deadlines of one length, with one timer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)


class Deadlines(Generic[Key]):
    """Calls `expired` with each key that was added `seconds` ago and not removed since. No timer runs while there is none."""

    def __init__(self, seconds: float, expired: Callable[[Key], None]) -> None:
        self._seconds = seconds
        self._expired = expired
        self._loop = asyncio.get_running_loop()
        #: Since all last equally long, the first that was added is the first that is due.
        self._due: dict[Key, float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def __contains__(self, key: Key) -> bool:
        return key in self._due

    def __len__(self) -> int:
        return len(self._due)

    def add(self, key: Key) -> None:
        """Starts to count; anew if it was there already."""
        self._due.pop(key, None)
        self._due[key] = self._loop.time() + self._seconds
        if self._timer is None:
            self._timer = self._loop.call_later(self._seconds, self._look)

    def remove(self, key: Key) -> None:
        """The deadline does not matter any more. Nothing happens if there is none."""
        self._due.pop(key, None)
        if not self._due and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = None
        # A timer may fire a little early, by the clock's resolution.
        now = self._loop.time() + 0.001
        expired = []
        for key, due in self._due.items():
            if due > now:
                break
            expired.append(key)
        for key in expired:
            # One that expires may remove others.
            if self._due.pop(key, None) is not None:
                self._expired(key)
        if self._due and self._timer is None:
            first = next(iter(self._due.values()))
            self._timer = self._loop.call_at(first, self._look)
