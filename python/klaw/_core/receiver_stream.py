"""The receiving end of a channel on the wire: asks for as much as is used. The counterpart of `src/wire/receiver-stream.ts`."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from klaw_agent.wire import frame as frames
from klaw_agent.wire.frame import Frame, FrameError, write_frame

from .inbox import Inbox, Item, ItemWaiter
from .pending import Pending

if TYPE_CHECKING:
    from .client import Buffer, Client

#: The hub is told of at most so many taken items at once, and has to wait for no longer than this many seconds.
_LARGEST_REPORT: Final = 1024
_REPORT_TIME: Final = 0.001
#: The most items that are fetched in advance.
_LARGEST_WINDOW: Final = 4096
#: Seconds: who comes back this soon after it took the last item gets more at a time.
_FAST_TIME: Final = 0.001
#: Seconds: half a window that lasts longer than this is more than needs to be here.
_SLOW_TIME: Final = 0.004
#: Seconds that what a `select` has asked for and not taken waits for the next one.
_LINGER_TIME: Final = 0.005
_MASK: Final = 0xFFFFFFFF


class Probe(Pending):
    """Waits until everything is here that the hub could deliver now."""

    __slots__ = ()


class ReceiverStream:
    """All methods are called with the lock held.

    What is here and was not taken still belongs to the hub, which calls it back when another receiver waits.
    """

    def __init__(
        self,
        client: Client,
        number: int,
        capacity: float,
        *,
        ended: Callable[[memoryview], None],
        lost: Callable[[Exception], None],
        window: int = _LARGEST_WINDOW,
        keeps: bool = False,
    ) -> None:
        self.number = number
        self.inbox = Inbox()
        self._client = client
        self._ended = ended
        self._lost = lost
        self._largest_window = window
        self._largest_report = int(max(1, min(_LARGEST_REPORT, capacity // 8)))
        #: Nobody else could use what was fetched.
        self._keeps = keeps
        self._epoch = 0
        self._next_sequence = 0
        self._demanded = 0
        self._window = 0
        #: When the last items came, the hub had more of them.
        self._more = False
        self._taken = 0
        self._is_reporting = False
        self._has_timer = False
        self._last_emptied = 0.0
        self._last_refill = 0.0
        self._last_parked = 0.0
        self._lingers = False
        self._probes: list[Probe] = []
        self.is_closed = False
        client.add_stream(number, self)

    def park(self, waiter: ItemWaiter) -> None:
        """Stands in line for one item and sees to it that enough are asked for."""
        inbox = self.inbox
        inbox.park(waiter)
        if waiter.is_settled or inbox.is_ended:
            return
        now = time.monotonic()
        self._last_parked = now
        # It comes back at once, and the hub has more than was asked for: asking for more at a time saves the way.
        if self._more and now - self._last_emptied < _FAST_TIME:
            self._more = False
            self._window = min(max(self._window * 2, 2), self._largest_window)
            self._last_refill = now
        missing = inbox.waiting - len(inbox.items) - self._demanded
        if missing > 0:
            self._demand(missing + self._window)

    def ask_more(self) -> None:
        """Who has got some items waits for more."""
        if self._demanded == 0 and not self.inbox.is_ended and not self.is_closed:
            self._demand(1 + self._window)

    def unpark(self, waiter: ItemWaiter) -> None:
        """Leaves the line. What was asked for on its behalf goes back, so that another receiver can have it."""
        inbox = self.inbox
        if waiter.line is not inbox:
            return
        inbox.drop(waiter)
        if not self._keeps and not inbox.items and self._demanded > inbox.waiting:
            self._give_back_from(0)

    def unpark_for_now(self, waiter: ItemWaiter) -> None:
        """Leaves the line as the loser of a `select`, which is likely to come back: what was asked for may still come, and goes
        back when nobody comes for it."""
        inbox = self.inbox
        if waiter.line is not inbox:
            return
        inbox.drop(waiter)
        if self.is_closed or inbox.is_ended:
            return
        self._client.write(frames.DEMAND, 0, self.number, 0, inbox.waiting)
        if not self._keeps and not self._lingers:
            self._lingers = True
            self._client.call_later(_LINGER_TIME, self._lingered)

    def took(self, count: int = 1) -> None:
        """Items have been taken: their slots are free."""
        if self.is_closed:
            return
        self._taken += count
        inbox = self.inbox
        left = len(inbox.items)
        if left == 0:
            self._last_emptied = time.monotonic()
        # It goes along with whatever leaves next. By itself it leaves when it has become much, or after a moment.
        if left == 0 or self._taken >= self._largest_report:
            self.report()
        elif not self._has_timer:
            self._has_timer = True
            self._client.call_later(_REPORT_TIME, self._report_in_time)
        if left + self._demanded < self._window >> 1:
            self._refill(left)

    def probe(self, count: int) -> Probe | None:
        """Brings everything here that the hub could deliver now, at most `count` items in all; None: it is."""
        missing = count - len(self.inbox.items)
        if missing <= 0 or self.is_closed or self.inbox.is_ended:
            return None
        probe = Probe()
        self._probes.append(probe)
        self._client.write(frames.DEMAND, frames.ATTEMPT, self.number, min(missing, _MASK))
        return probe

    def acknowledge(self, sequence: int, refused: bool) -> None:
        """Acknowledges a delivery, or has it delivered again."""
        if not self.is_closed:
            # The hub waits for the word on what it knows to be taken.
            self.report()
            self._client.write(frames.ACKNOWLEDGE, frames.ERROR if refused else 0, self.number, sequence)

    def close(self) -> None:
        """Nothing more will be received; what was not taken goes back."""
        if not self.is_closed:
            self.report()
            self._client.write(frames.CLOSE_END, 0, self.number)
            self._end()

    def abandon(self) -> None:
        """The end never came about: the hub does not know of it."""
        self._end()

    def emit(self, out: list[Buffer]) -> None:
        """Tells the hub what was taken."""
        self._is_reporting = False
        taken, self._taken = self._taken, 0
        if taken > 0:
            out.append(write_frame(frames.TAKEN, 0, self.number, taken))

    def frame(self, frame: Frame) -> None:
        if frame.type == frames.DELIVER:
            self._deliver(frame)
        elif frame.type == frames.LAGGED:
            self._demanded = max(0, self._demanded - 1)
            self.inbox.push([Item(memoryview(b""), 0, 1, (), frame.uint32())])
        elif frame.type == frames.PROBED:
            if self._probes:
                self._probes.pop(0).settle()
        elif frame.type == frames.RECALL_ITEMS:
            self._window >>= 1
            self._give_back_from(len(self.inbox.items) >> 1)
        elif frame.type == frames.ENDED:
            self._ended(frame.rest())
            self._client.remove_stream(self.number)
            self.inbox.end()
            self._settle_probes()

    def lost(self, error: Exception) -> None:
        self._lost(error)
        self._end()

    def _deliver(self, frame: Frame) -> None:
        epoch, first, count = frame.uint32(), frame.uint32(), frame.uint32()
        # What was under way when items were given back has been given back with them.
        if epoch != self._epoch:
            return
        lengths = frame.uint32s(count)
        deliveries = frame.uint32s(count) if frame.flags & frames.DELIVERY_COUNTS else (1,) * count
        tokens: tuple[tuple[int, int], ...] = ()
        if frame.flags & frames.TOKENS:
            numbers = frame.uint32s(frame.uint32() * 2)
            tokens = tuple(zip(numbers[::2], numbers[1::2], strict=True))
        rest = frame.rest()
        # The memory of a small frame is used again once it has been handled.
        data = rest if frame.is_own else memoryview(bytes(rest))
        ends = list(accumulate(lengths))
        if count > 0 and ends[-1] > len(data):
            raise FrameError("an item ends after its frame")
        self._next_sequence = (first + count) & _MASK
        self._demanded = max(0, self._demanded - count)
        self._more = bool(frame.flags & frames.MORE)
        start = 0
        items = []
        for index, end in enumerate(ends):
            items.append(Item(data[start:end], (first + index) & _MASK, deliveries[index], tokens))
            start = end
        self.inbox.push(items)

    def _demand(self, count: int) -> None:
        self._demanded += count
        self._client.write(frames.DEMAND, 0, self.number, count, self.inbox.waiting)

    def report(self) -> None:
        """Tells the hub what was taken."""
        if self._taken > 0 and not self._is_reporting:
            self._is_reporting = True
            self._client.put(self)

    def _report_in_time(self) -> None:
        self._has_timer = False
        if not self.is_closed:
            self.report()

    def _refill(self, left: int) -> None:
        """Half of the window has been eaten: asks for more, and for less at a time if that took long."""
        now = time.monotonic()
        if now - self._last_refill > _SLOW_TIME:
            self._window >>= 1
        self._last_refill = now
        missing = self._window - left - self._demanded
        if missing > 0 and not self.inbox.is_ended:
            self._demand(missing)

    def _lingered(self) -> None:
        self._lingers = False
        if self.inbox.waiting == 0 and time.monotonic() - self._last_parked >= _LINGER_TIME:
            self._give_back_from(0)

    def _give_back_from(self, index: int) -> None:
        """Gives back the buffered items from `index` on, and voids all open demand."""
        if self.is_closed or self.inbox.is_ended:
            return
        inbox = self.inbox
        items = inbox.drain()
        sequence = items[index].sequence if index < len(items) else self._next_sequence
        self._epoch = (self._epoch + 1) & _MASK
        self._demanded = 0
        self._next_sequence = sequence
        self.report()
        self._client.write(frames.GIVE_BACK, 0, self.number, self._epoch, sequence)
        inbox.push(items[:index])
        if inbox.waiting > 0:
            self._demand(inbox.waiting)

    def _end(self) -> None:
        if self.is_closed:
            return
        self.is_closed = True
        self._client.remove_stream(self.number)
        self.inbox.clear()
        self._settle_probes()

    def _settle_probes(self) -> None:
        probes, self._probes = self._probes, []
        for probe in probes:
            probe.settle()
