"""The slots of a channel that a sending end holds, and those who wait for some."""

from __future__ import annotations

from collections import OrderedDict

from .pending import Pending


class SlotWaiter(Pending):
    """Stands in line for slots. It keeps its place until it has taken all that it needs."""

    __slots__ = ("granted", "least", "line", "need")

    def __init__(self, need: int, least: int | None = None) -> None:
        super().__init__()
        #: How many slots it still waits for.
        self.need = need
        #: The fewest that it takes at once; None: all together.
        self.least = least
        #: Slots that are its own once it has taken them with `Credits.accept`.
        self.granted = 0
        self.line: Credits | None = None

    def leave(self) -> None:
        if self.line is not None:
            self.line.drop(self)


class Credits:
    """As `Slots` of `src/core/slots.ts`, for waiters that take what they were granted when they wake up.

    Until then the waiter stays first in line, so nobody overtakes it. All methods are called with the lock held.
    """

    def __init__(self) -> None:
        self.available = 0
        #: The slots that all in line still need.
        self.wanted = 0
        self.is_closed = False
        self._line: OrderedDict[SlotWaiter, None] = OrderedDict()

    @property
    def waiting(self) -> int:
        return len(self._line)

    def try_acquire(self, count: int = 1) -> bool:
        """Takes that many now, or none: they are not there, others wait, or it is closed."""
        if self.available < count or self._line or self.is_closed:
            return False
        self.available -= count
        return True

    def park(self, waiter: SlotWaiter) -> None:
        """Stands in line; whom there is nothing to wait for is settled at once."""
        if self.is_closed:
            waiter.settle()
            return
        waiter.line = self
        self._line[waiter] = None
        self.wanted += waiter.need
        self._grant()

    def accept(self, waiter: SlotWaiter) -> int:
        """The waiter takes what it was granted. It waits again if that was not all."""
        count, waiter.granted = waiter.granted, 0
        if waiter.line is None:
            return 0
        if waiter.need == 0:
            del self._line[waiter]
            waiter.line = None
        else:
            waiter.rearm()
        self._grant()
        return count

    def drop(self, waiter: SlotWaiter) -> None:
        """Leaves the line. Slots that it has not taken go to the next."""
        if waiter.line is not self:
            return
        waiter.line = None
        del self._line[waiter]
        self.wanted -= waiter.need
        self.available += waiter.granted
        waiter.granted = 0
        self._grant()

    def release(self, count: int) -> None:
        """Slots have come, or come back."""
        self.available += count
        self._grant()

    def take_back(self) -> int:
        """Removes all free slots; says how many."""
        taken, self.available = self.available, 0
        return taken

    def close(self) -> None:
        """Nobody gets any slots any more; all who wait are woken, and find that it is closed."""
        self.is_closed = True
        self.wanted = 0
        line, self._line = self._line, OrderedDict()
        for waiter in line:
            waiter.line = None
            waiter.granted = 0
            waiter.settle()

    def _grant(self) -> None:
        if not self._line or self.is_closed:
            return
        first = next(iter(self._line))
        least = first.need if first.least is None else first.least
        if first.granted > 0 or self.available < least:
            return
        count = min(first.need, self.available)
        self.available -= count
        self.wanted -= count
        first.need -= count
        first.granted = count
        first.settle()
