"""A channel's capacity, as slots that are handed out in order."""

from __future__ import annotations

from collections import OrderedDict
from typing import Protocol


class SlotWaiter(Protocol):
    """Waits for slots. `granted` and `refused` are called synchronously."""

    #: How many slots it still waits for. What it is granted is subtracted before `granted` is called.
    need: int

    @property
    def least(self) -> int:
        """The fewest that it takes at once; it keeps its place until it has all of `need`."""
        ...

    def granted(self, count: int) -> None:
        """`count` slots belong to the waiter now. It is still in line if `need` is not 0."""
        ...

    def refused(self) -> None:
        """Nobody is granted anything any more; it has left the line."""
        ...


class Slots:
    """A counting semaphore over a channel's capacity, served in order of arrival.

    Nobody barges: while someone waits, a free slot belongs to the first in line, even if it needs more than there are.

    Source of the semantics: tokio's `batch_semaphore`.
    """

    def __init__(self, capacity: float) -> None:
        #: Infinite in an unbounded channel.
        self.capacity = capacity
        self._available = capacity
        self._line: OrderedDict[SlotWaiter, None] = OrderedDict()
        self._is_granting = False
        self._is_closed = False

    @property
    def available(self) -> float:
        return self._available

    @property
    def waiting(self) -> int:
        """How many stand in line."""
        return len(self._line)

    @property
    def is_closed(self) -> bool:
        return self._is_closed

    def __contains__(self, waiter: SlotWaiter) -> bool:
        """Whether it stands in line."""
        return waiter in self._line

    def try_acquire(self, count: int) -> bool:
        """Takes `count` slots now, or none: they are not there, others wait, or it is closed."""
        if self._available < count or self._line or self._is_closed:
            return False
        self._available -= count
        return True

    def park(self, waiter: SlotWaiter) -> None:
        """Stands in line. What can be granted at once is granted before this returns; when closed it refuses at once."""
        if self._is_closed:
            waiter.refused()
            return
        self._line[waiter] = None
        if len(self._line) == 1:
            self._grant()

    def rethink(self, waiter: SlotWaiter, need: int) -> None:
        """A waiter in line needs another number of slots from now on, at least 1."""
        shrinks = need < waiter.need
        waiter.need = need
        if shrinks:
            self._grant()

    def unpark(self, waiter: SlotWaiter) -> bool:
        """Leaves the line, keeping what was granted so far. False if it did not stand in it."""
        line = self._line
        if waiter not in line:
            return False
        was_first = next(iter(line)) is waiter
        del line[waiter]
        # It may have stood before others who need less.
        if was_first:
            self._grant()
        return True

    def release(self, count: int) -> None:
        """Gives slots back, and serves those who wait."""
        self._available += count
        if self._line:
            self._grant()

    def close(self) -> None:
        """Refuses everybody in line, and everybody who comes later. Idempotent."""
        self._is_closed = True
        line = self._line
        while line:
            line.popitem(last=False)[0].refused()

    def _grant(self) -> None:
        # `granted` may free slots again. The loop that is running serves them too, so the stack does not grow with the line.
        # Once closed nobody is granted anything: while all are refused, one may take others out of the line.
        if self._is_granting or self._is_closed:
            return
        self._is_granting = True
        line = self._line
        try:
            while line:
                first = next(iter(line))
                if self._available < first.least:
                    break
                count = first.need
                if count > self._available:
                    count = int(self._available)
                self._available -= count
                first.need -= count
                if first.need == 0:
                    del line[first]
                first.granted(count)
        finally:
            self._is_granting = False
