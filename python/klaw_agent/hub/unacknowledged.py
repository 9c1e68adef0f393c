"""Items that were taken in acknowledged mode."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

from .runs import Run

if TYPE_CHECKING:
    from .receiver_end import ReceiverEnd


class _Entry(NamedTuple):
    #: Of one item.
    run: Run
    deadline: float


class Unacknowledged:
    """Those that were neither acknowledged nor refused, with their deadlines. Each is acknowledged by itself, so here an item is one."""

    def __init__(self, timeout: float, expired: Callable[[list[Run]], None]) -> None:
        """`timeout` in seconds, possibly infinite. `expired` is told of items that were not acknowledged in time; they are gone from here."""
        self._timeout = timeout
        self._expired = expired
        self._loop = asyncio.get_running_loop()
        #: By number, in order of delivery, so that the first of each end expires first.
        self._by_end: dict[ReceiverEnd, dict[int, _Entry]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self.size = 0

    def add(self, end: ReceiverEnd, first: int, runs: Iterable[Run]) -> None:
        """They were taken by `end`, where the first has the number `first`."""
        entries = self._by_end.setdefault(end, {})
        deadline = self._loop.time() + self._timeout
        number = first
        for run in runs:
            rest = run
            while rest.count > 1:
                item, rest = rest.cut(1)
                entries[number & 0xFFFFFFFF] = _Entry(item, deadline)
                number += 1
            entries[number & 0xFFFFFFFF] = _Entry(rest, deadline)
            number += 1
        self.size += number - first
        if number > first:
            self._arm(deadline)

    def remove(self, end: ReceiverEnd, number: int) -> Run | None:
        entry = self._by_end.get(end, {}).pop(number, None)
        if entry is None:
            return None
        self._removed(1)
        return entry.run

    def remove_all(self, end: ReceiverEnd) -> list[Run]:
        """All of an end's, in order of delivery."""
        entries = self._by_end.pop(end, {})
        self._removed(len(entries))
        return [entry.run for entry in entries.values()]

    def clear(self) -> list[Run]:
        """All of them."""
        runs = [entry.run for entries in self._by_end.values() for entry in entries.values()]
        self._by_end.clear()
        self._removed(len(runs))
        return runs

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # Inside.

    def _removed(self, count: int) -> None:
        self.size -= count
        if self.size == 0:
            self.stop()

    def _arm(self, deadline: float) -> None:
        if self._timer is None and deadline < math.inf:
            self._timer = self._loop.call_at(deadline, self._expire)

    def _expire(self) -> None:
        self._timer = None
        now = self._loop.time()
        runs: list[Run] = []
        following = math.inf
        for entries in self._by_end.values():
            for number, entry in list(_overdue(entries, now)):
                del entries[number]
                runs.append(entry.run)
            first = next(iter(entries.values()), None)
            if first is not None:
                following = min(following, first.deadline)
        self.size -= len(runs)
        self._arm(following)
        if runs:
            self._expired(runs)


def _overdue(entries: dict[int, _Entry], now: float) -> Iterable[tuple[int, _Entry]]:
    for number, entry in entries.items():
        if entry.deadline > now:
            return
        yield number, entry
