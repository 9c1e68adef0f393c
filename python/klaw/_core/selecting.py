"""Waits for several ends at once: one wins, and for the others it is as if nobody had asked."""

from __future__ import annotations

import random
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, NamedTuple

from klaw_agent.errors import ChannelTimeout

from .credits import SlotWaiter
from .inbox import ItemWaiter
from .messages import Arrival, encode_message
from .pending import LOCK, Deadline, Pending, Waits
from .receive_port import ReceivePort
from .send_port import SendPort
from .watch_ports import WatchReceivePort
from .watch_replica import Seen


class Won(NamedTuple):
    """The number of the case that has won, its value, or its error."""

    number: int
    value: Any
    error: Exception | None


class Case(ABC):
    """One thing that a selection can wait for. All but `take` and `probe` with the lock held."""

    @abstractmethod
    def ready(self) -> bool:
        """Whether `park` would win at once, as far as is known here."""

    @abstractmethod
    def park(self, selection: Selection) -> None:
        """Stands in line, and tells the selection when it wins."""

    @abstractmethod
    def leave(self) -> None:
        """Leaves the line, and gives back what it may have won."""

    @abstractmethod
    async def take(self, waits: Waits) -> Any:
        """What it has won. Raises the error that it has won."""

    async def probe(self, waits: Waits) -> None:
        """Brings what is known here up to date with the hub."""
        return

    def discard(self) -> None:
        """The selection is over; without the lock."""
        return


class Selection(Pending):
    """All cases in their lines at once."""

    __slots__ = ("_parked", "winner")

    def __init__(self) -> None:
        super().__init__()
        self.winner: Case | None = None
        self._parked: list[Case] = []

    def park(self, case: Case) -> None:
        self._parked.append(case)
        case.park(self)

    def won(self, case: Case) -> None:
        if self.winner is not None:
            return
        self.winner = case
        for other in self._parked:
            if other is not case:
                other.leave()
        self._parked = [case]
        self.settle()

    def leave(self) -> None:
        parked, self._parked = self._parked, []
        # Those that are woken by what others leave behind win nothing any more.
        self.winner = self.winner or _NOBODY
        for case in parked:
            case.leave()


async def select(cases: Sequence[Case], deadline: Deadline, waits: Waits, *, biased: bool, default: bool) -> Won | None:
    """The case that has won; None only with `default`. Raises `ChannelTimeout`."""
    try:
        return await _select(cases, deadline, waits, biased=biased, default=default)
    finally:
        for case in cases:
            case.discard()


async def _select(
    cases: Sequence[Case], deadline: Deadline, waits: Waits, *, biased: bool, default: bool
) -> Won | None:
    if biased or default:
        await _probe(cases, waits, biased=biased, default=default)
    selection = Selection()
    with LOCK:
        ready = [index for index, case in enumerate(cases) if case.ready()]
        if ready:
            chosen = ready[0] if biased else random.choice(ready)  # noqa: S311 - a lot, no secret
            selection.park(cases[chosen])
        elif default:
            return None
        else:
            # Whoever holds the channels serves the first that asks. Which one that is must be left to chance.
            first = 0 if biased else random.randrange(len(cases))  # noqa: S311
            for case in (*cases[first:], *cases[:first]):
                selection.park(case)
                if selection.winner is not None:
                    break
    timer = min((case for case in cases if isinstance(case, AfterCase)), key=lambda case: case.at, default=None)
    try:
        await waits.wait(selection, _sooner(deadline, timer))
    except ChannelTimeout:
        if timer is None or not timer.ready():
            raise deadline.error() from None
        return Won(_index(cases, timer), None, None)
    winner = selection.winner
    if winner is None:
        raise RuntimeError("a selection has settled without a winner")
    try:
        return Won(_index(cases, winner), await winner.take(waits), None)
    except Exception as error:
        return Won(_index(cases, winner), None, error)
    except BaseException:
        with LOCK:
            winner.leave()
        raise


def _index(cases: Sequence[Case], case: Case) -> int:
    return next(index for index, other in enumerate(cases) if other is case)


async def _probe(cases: Sequence[Case], waits: Waits, *, biased: bool, default: bool) -> None:
    """Asks the hub where that matters: a biased selection takes nothing while one that comes first may be ready, and one that does not
    wait has to know."""
    with LOCK:
        ready = next((index for index, case in enumerate(cases) if case.ready()), None)
    if ready is None and not default:
        return
    for case in cases[:ready] if biased and ready is not None else cases:
        with LOCK:
            known = case.ready()
        if not known:
            await case.probe(waits)


def _sooner(deadline: Deadline, timer: AfterCase | None) -> Deadline:
    if timer is None:
        return deadline
    left = max(0.0, timer.at - time.monotonic())
    return deadline if deadline.at is not None and deadline.at <= timer.at else Deadline(left, "select")


class ReceiveCase(Case):
    """Receives; a channel that is closed and drained is ready."""

    def __init__(self, port: ReceivePort, arrive: Arrival) -> None:
        self._port = port
        self._arrive = arrive
        self._waiter: ItemWaiter | None = None

    def ready(self) -> bool:
        inbox = self._port.stream.inbox
        return self._port.is_closed or (bool(inbox.items) and inbox.waiting == 0)

    def park(self, selection: Selection) -> None:
        waiter = self._waiter = ItemWaiter(self._port.stream.unpark_for_now)
        waiter.on_settled(lambda: selection.won(self))
        if self._port.is_closed:
            waiter.settle()
        else:
            self._port.stream.park(waiter)

    def leave(self) -> None:
        if self._waiter is not None:
            self._waiter.on_settled(None)
            self._waiter.leave()

    async def take(self, waits: Waits) -> Any:
        if self._waiter is None:
            raise RuntimeError("a case that was not parked has won")
        return (await self._port.take(self._waiter, waits, self._arrive))[0]

    async def probe(self, waits: Waits) -> None:
        await self._port.probe(1, waits)


class SendCase(Case):
    """Sends a value; a channel that is closed is ready."""

    def __init__(self, port: SendPort, value: object) -> None:
        self._port = port
        self._value = value
        self._waiter: SlotWaiter | None = None
        self._message = encode_message(port.client, value)
        self._is_done = False

    def ready(self) -> bool:
        held = self._port.stream.credits
        return self._port.is_closed or (held.available > 0 and held.waiting == 0)

    def park(self, selection: Selection) -> None:
        waiter = self._waiter = SlotWaiter(1)
        waiter.on_settled(lambda: selection.won(self))
        if self._port.is_closed:
            waiter.settle()
        else:
            self._port.parked(waiter)

    def leave(self) -> None:
        if self._waiter is not None:
            self._waiter.on_settled(None)
            self._waiter.leave()
            self._port.unparked()

    async def take(self, waits: Waits) -> Any:
        if self._waiter is None:
            raise RuntimeError("a case that was not parked has won")
        with LOCK:
            if self._port.stream.credits.accept(self._waiter) == 0:
                raise self._port.refusal(self._value)
            self._is_done = True
            self._port.stream.commit(self._message.data, self._message.tokens)
            self._port.leave_if_done()

    async def probe(self, waits: Waits) -> None:
        await self._port.probe(waits)

    def discard(self) -> None:
        """Lets go of the handles in a value that was not sent."""
        if not self._is_done:
            with LOCK:
                self._port.client.release(self._message.tokens)


class WatchCase(Case):
    """A value that was not seen yet; a watch that is closed is ready."""

    def __init__(self, port: WatchReceivePort) -> None:
        self._port = port
        self._waiter: Seen | None = None

    def ready(self) -> bool:
        return self._port.has_changed() or self._port.is_closed

    def park(self, selection: Selection) -> None:
        waiter = self._waiter = Seen(self._port.replica)
        waiter.on_settled(lambda: selection.won(self))
        if self.ready():
            waiter.settle()
        else:
            self._port.replica.waiting[waiter] = None

    def leave(self) -> None:
        if self._waiter is not None:
            self._waiter.on_settled(None)
            self._waiter.leave()

    async def take(self, waits: Waits) -> Any:
        if not self._port.has_changed():
            raise self._port.refusal()
        return self._port.borrow_and_update()


class AfterCase(Case):
    """The time is over."""

    def __init__(self, at: float) -> None:
        self.at = at

    def ready(self) -> bool:
        return time.monotonic() >= self.at

    def park(self, selection: Selection) -> None:
        if self.ready():
            selection.won(self)

    def leave(self) -> None:
        return

    async def take(self, waits: Waits) -> Any:
        return None


_NOBODY = AfterCase(0)
