"""How far one receiver of a broadcast has read."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from .receiver_end import ReceiverEnd
from .runs import Run


class Reading:
    """What a receiver has still to read, at most `capacity` items. What it is too slow for is counted, and `dropped` is told of it."""

    def __init__(self, end: ReceiverEnd, capacity: float, dropped: Callable[[Run], None]) -> None:
        self.end = end
        #: Items that it can still read, and how many it was too slow for since it last read one.
        self.length = 0
        self.missed = 0
        self._capacity = capacity
        self._dropped = dropped
        self._runs: deque[Run] = deque()
        #: It came back, and is read before all others, without limit.
        self._again: deque[Run] = deque()
        self._is_finished = False
        self._error: Exception | None = None

    @property
    def runs(self) -> Iterable[Run]:
        """All that it has still to read."""
        yield from self._again
        yield from self._runs

    def publish(self, run: Run) -> None:
        """The next items."""
        end = self.end
        demand = end.demand
        count = run.count
        # Who wants more has read everything.
        if demand >= count:
            end.deliver(run)
            return
        if demand > 0:
            now, run = run.cut(demand)
            end.deliver(now)
            count = run.count
        self._runs.append(run)
        self.length += count
        excess = self.length - self._capacity
        if excess > 0:
            self._miss(int(excess))

    def serve(self) -> None:
        """Delivers as much as is wanted."""
        end = self.end
        while end.demand > 0:
            if self._again or self.missed == 0:
                if self._next(end.demand, end.deliver) == 0:
                    break
            else:
                # It is told of what it has missed instead of an item.
                end.demand -= 1
                end.awaited = max(0, end.awaited - 1)
                self._lag()
        self._tell_if_read()

    def read(self, count: int) -> None:
        """Delivers `count` items beyond demand, or as many as there are."""
        left = count
        while left > 0:
            read = self._next(left, self.end.send)
            if read == 0:
                break
            left -= read

    def copy_of(self, other: Reading, unseen: Iterable[Run]) -> Iterable[Run]:
        """Starts where `other` is, whose end has been given `unseen` and has not taken it. Returns what is held once more."""
        self._again.extend(unseen)
        self._again.extend(other._again)
        self._runs.extend(other._runs)
        self.length = other.length
        self.missed = other.missed
        return self.runs

    def give_back(self, runs: Iterable[Run]) -> None:
        """Items that were delivered and not taken are read once more, before all others."""
        self._again.extendleft(reversed(list(runs)))

    def finish(self, error: Exception | None) -> None:
        """Nothing is sent any more: once everything is read, the end is told so."""
        self._is_finished = True
        self._error = error
        self._tell_if_read()

    def clear(self) -> None:
        """Nothing more is read."""
        for run in self.runs:
            self._dropped(run)
        self._again.clear()
        self._runs.clear()
        self.length = self.missed = 0

    def _lag(self) -> None:
        missed, self.missed = self.missed, 0
        self.end.lag(missed)

    def _next(self, most: int, deliver: Callable[[Run], None]) -> int:
        """Delivers the next run, or says what is missing before it, which counts as one item. Returns how many; 0 if nothing is there."""
        if self._again:
            run = self._pop(self._again, most)
        elif self.missed > 0:
            self._lag()
            return 1
        elif self._runs:
            run = self._pop(self._runs, most)
            self.length -= run.count
        else:
            return 0
        deliver(run)
        return run.count

    def _pop(self, runs: deque[Run], most: int) -> Run:
        run = runs[0]
        if run.count <= most:
            runs.popleft()
        else:
            run, runs[0] = run.cut(most)
        return run

    def _miss(self, count: int) -> None:
        """It is too slow for the oldest items."""
        self.length -= count
        self.missed += count
        while count > 0:
            run = self._pop(self._runs, count)
            count -= run.count
            self._dropped(run)

    def _tell_if_read(self) -> None:
        if self._is_finished and not self._again and not self._runs and self.missed == 0:
            self.end.end(self._error)
