"""Channels that nobody can reach any more, since only items of each other hold them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from .entry import Entry

#: Seconds between two searches, while any item holds a channel.
SEARCH_TIME: Final = 60.0


class Circles:
    """Counting alone never lets go of a channel whose own items hold it: what was sent and is not received can be such a handle."""

    def __init__(self, entries: Mapping[str, Entry], remove: Callable[[Entry], None], search_time: float) -> None:
        self._entries = entries
        self._remove = remove
        self._search_time = search_time
        self._loop = asyncio.get_running_loop()
        #: Tokens in items that hold channels.
        self._count = 0
        self._timer: asyncio.TimerHandle | None = None

    def carried(self) -> None:
        """An item that was accepted holds a channel."""
        self._count += 1
        if self._timer is None:
            self._timer = self._loop.call_later(self._search_time, self._search)

    def dropped(self) -> None:
        """It does no longer."""
        self._count -= 1
        if self._count == 0 and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _search(self) -> None:
        self._timer = self._loop.call_later(self._search_time, self._search)
        for entry in _unreachable(self._entries):
            self._remove(entry)


def _unreachable(entries: Mapping[str, Entry]) -> set[Entry]:
    """The channels that only items of such channels hold."""
    suspects = {entry for entry in entries.values() if _is_suspect(entry)}
    carried_by: dict[Entry, list[Entry]] = {}
    reached = []
    for entry in suspects:
        for carrier in entry.carriers:
            if carrier in suspects:
                carried_by.setdefault(carrier, []).append(entry)
            else:
                reached.append(entry)
    while reached:
        entry = reached.pop()
        if entry in suspects:
            suspects.remove(entry)
            reached += carried_by.get(entry, ())
    return suspects


def _is_suspect(entry: Entry) -> bool:
    """Whether only items hold it: it has no ends, no token that is under way elsewhere, and can not be opened by name."""
    carriers = len(entry.carriers)
    if carriers == 0 or not entry.is_temporary:
        return False
    stats = entry.channel.stats()
    return carriers == stats["senders"] + stats["receivers"]
