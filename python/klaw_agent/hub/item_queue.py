"""Items that nobody has asked for, or ends that wait for some; never both."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable
from typing import TYPE_CHECKING

from .runs import Run

if TYPE_CHECKING:
    from .receiver_end import ReceiverEnd


class ItemQueue:
    """Runs and waiting ends, each in order of arrival."""

    def __init__(self) -> None:
        #: Items that nobody has asked for.
        self.length = 0
        #: The ends that have something that they have not taken.
        self.holding: set[ReceiverEnd] = set()
        self._runs: deque[Run] = deque()
        self._line: OrderedDict[ReceiverEnd, None] = OrderedDict()

    @property
    def has_items(self) -> bool:
        return self.length > 0

    @property
    def has_waiting(self) -> bool:
        return bool(self._line)

    def others_wait(self, end: ReceiverEnd) -> bool:
        """Whether anybody else stands in line."""
        return len(self._line) > (1 if end in self._line else 0)

    def push(self, run: Run) -> None:
        """Hands the items to those who wait; what is left is kept behind all others."""
        rest = self._hand_out(run) if self._line else run
        if rest is not None:
            self._runs.append(rest)
            self.length += rest.count

    def put_back(self, runs: Iterable[Run]) -> None:
        """Items come back: they go to those who wait, else to where they were before, in the order in which they were accepted."""
        kept = self._runs
        before: list[Run] = []
        for run in sorted(runs, key=_order):
            rest = self._hand_out(run) if self._line else run
            if rest is None:
                continue
            # Ends that give back one after the other may do so out of turn.
            while kept and kept[0].order < rest.order:
                before.append(kept.popleft())
            before.append(rest)
            self.length += rest.count
        kept.extendleft(reversed(before))

    def serve(self, end: ReceiverEnd) -> None:
        """Gives the end what it demands; as long as that is not there it stands in line."""
        while end.demand > 0 and self.length > 0:
            end.deliver(self._take(end, end.demand))
        if end.demand > 0:
            self._line[end] = None

    def give(self, end: ReceiverEnd, count: int) -> bool:
        """Gives the end what there is, at most `count` items, whatever it demands. False if there was nothing."""
        if self.length == 0:
            return False
        while count > 0 and self.length > 0:
            run = self._take(end, count)
            count -= run.count
            end.send(run)
        return True

    def withdraw(self, end: ReceiverEnd) -> None:
        """The end stands in line no longer."""
        self._line.pop(end, None)

    def drain(self) -> list[Run]:
        """Removes what is kept."""
        runs = list(self._runs)
        self._runs.clear()
        self.length = 0
        return runs

    # Inside.

    def _take(self, end: ReceiverEnd, count: int) -> Run:
        """At most `count` of the first items, for `end`."""
        runs = self._runs
        run = runs[0]
        if run.count > count:
            run, runs[0] = run.cut(count)
        else:
            runs.popleft()
        self.length -= run.count
        self.holding.add(end)
        return run

    def _hand_out(self, run: Run) -> Run | None:
        """Gives all who wait their share, in order; who wants more stands in line again. Returns what nobody wants."""
        line = self._line
        if len(line) == 1:
            # So it is nearly always, and then there is nothing to share.
            end = next(iter(line))
            if run.count < end.demand:
                self.holding.add(end)
                end.deliver(run)
                return None
        while line:
            share = -(-run.count // len(line))
            for _ in range(len(line)):
                end, _nothing = line.popitem(last=False)
                count = min(share, end.demand)
                head, rest = run.cut(count) if count < run.count else (run, None)
                self.holding.add(end)
                end.deliver(head)
                if end.demand > 0:
                    line[end] = None
                if rest is None:
                    return None
                run = rest
        return run


def _order(run: Run) -> int:
    return run.order
