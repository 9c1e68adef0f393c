"""Items that have arrived at a receiving end, and those who wait for one."""

from __future__ import annotations

import math
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from typing import NamedTuple

from klaw_agent.wire.items import Token

from .pending import Pending


class Item(NamedTuple):
    """An item, still encoded."""

    data: memoryview
    #: Its number on the stream.
    sequence: int
    #: How often it was delivered, this time included; 1 outside of acknowledged mode.
    deliveries: int
    tokens: tuple[Token, ...]
    #: Of the mark that a broadcast receiver gets for what it lost: how many values.
    missed: int = 0


class ItemWaiter(Pending):
    """Stands in line for items. `leaving` takes it out of line, and tells the hub what that means."""

    __slots__ = ("_leaving", "items", "line", "wants")

    def __init__(self, leaving: Callable[[ItemWaiter], None], wants: float = 1) -> None:
        super().__init__()
        #: Its own once it has taken them with `Inbox.accept`. None of them after it has settled: the inbox has ended.
        self.items: list[Item] = []
        #: How many more it takes, now or as long as it stands in line.
        self.wants = wants
        self.line: Inbox | None = None
        self._leaving = leaving

    def leave(self) -> None:
        self._leaving(self)


class Inbox:
    """As `ItemQueue` of `src/core/item-queue.ts`, for waiters that take their item when they wake up.

    The hub is told of taken items by their count, the oldest first: so items are promised to one waiter at a time, and the next ones
    when those have been taken, or were left and are first again. All methods are called with the lock held.
    """

    def __init__(self) -> None:
        self.items: deque[Item] = deque()
        self.is_ended = False
        self._line: OrderedDict[ItemWaiter, None] = OrderedDict()

    @property
    def waiting(self) -> int:
        return len(self._line)

    @property
    def is_drained(self) -> bool:
        """Whether nothing can be taken any more, but for what somebody was promised."""
        return self.is_ended and not self.items

    def push(self, items: Iterable[Item]) -> None:
        self.items.extend(items)
        self._serve()

    def try_take(self) -> Item | None:
        """The first item, unless others wait."""
        return self.items.popleft() if self.items and not self._line else None

    def park(self, waiter: ItemWaiter) -> None:
        waiter.line = self
        self._line[waiter] = None
        self._serve()

    def accept(self, waiter: ItemWaiter, count: float = math.inf) -> list[Item]:
        """The waiter takes the first `count` of its items, and leaves; the others are the first again."""
        items = waiter.items[: int(min(count, len(waiter.items)))]
        del waiter.items[: len(items)]
        self.drop(waiter)
        return items

    def drop(self, waiter: ItemWaiter) -> None:
        """Leaves the line. Items that it has not taken are the first again."""
        if waiter.line is not self:
            return
        waiter.line = None
        del self._line[waiter]
        self.items.extendleft(reversed(waiter.items))
        waiter.items = []
        self._serve()

    def end(self) -> None:
        """Nothing will follow what is here."""
        self.is_ended = True
        self._serve()

    def clear(self) -> None:
        """Nothing will be taken any more: what is here, and what somebody was promised, is gone, and all are woken."""
        self.is_ended = True
        self.items.clear()
        line, self._line = self._line, OrderedDict()
        for waiter in line:
            waiter.line = None
            waiter.items = []
            waiter.settle()

    def drain(self) -> list[Item]:
        """Removes and returns all items that nobody was promised."""
        items = list(self.items)
        self.items.clear()
        return items

    def _serve(self) -> None:
        if not self._line:
            return
        items = self.items
        first = next(iter(self._line))
        if items and first.wants > 0:
            count = int(min(first.wants, len(items)))
            first.items += [items.popleft() for _ in range(count)]
            first.wants -= count
            first.settle()
        elif self.is_ended and not items:
            if first.items:
                first.settle()
                return
            line, self._line = self._line, OrderedDict()
            for waiter in line:
                waiter.line = None
                waiter.settle()
