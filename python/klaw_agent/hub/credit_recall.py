"""Credits that lie idle while others want them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Final

from .slots import Slots

if TYPE_CHECKING:
    from .sender_end import SenderEnd

#: Seconds that somebody waits in line before unused credits are called back.
_PATIENCE: Final = 0.002
#: Seconds, for each sender and at most, that credits of which there are many are left to one that has just used some: where there are more
#: processes than CPUs, each has to wait for its turn, and takes up where it was.
_TURN: Final = 0.005
_ALL_TURNS: Final = 0.05
#: So many credits are many.
_MANY: Final = 64
#: Seconds that an attempt waits for processes that do not answer a recall, because they compute.
_RECALL_TIME: Final = 0.02


class _Attempt:
    def __init__(self, end: SenderEnd, count: int, asked: set[SenderEnd]) -> None:
        self.end = end
        self.count = count
        #: Ends whose answer may still free slots.
        self.asked = asked


class CreditRecall:
    """Calls unused credits back when somebody else could use them."""

    def __init__(self, slots: Slots, senders: AbstractSet[SenderEnd], lent: Callable[[], float]) -> None:
        """`lent` says how many slots are credits that senders hold."""
        self._slots = slots
        self._senders = senders
        self._lent = lent
        self._loop = asyncio.get_running_loop()
        self._attempts: list[_Attempt] = []
        self._starved_timer: asyncio.TimerHandle | None = None
        self._attempt_timer: asyncio.TimerHandle | None = None

    def starved(self) -> None:
        """Somebody waits in line for slots. Those who send all the time free them soon; those who do not are asked after a moment."""
        if self._starved_timer is None and len(self._senders) > 1:
            self._starved_timer = self._loop.call_later(_PATIENCE, self._look)

    def attempt(self, end: SenderEnd, count: int) -> None:
        """Grants `count` slots at once, all or none. Slots that others hold unused count as free."""
        slots = self._slots
        if slots.try_acquire(count):
            end.answer_attempt(count)
            return
        asked = set() if slots.waiting > 0 or count > slots.capacity else self._recall_others(end)
        if not asked:
            end.answer_attempt(0)
            return
        self._attempts.append(_Attempt(end, count, asked))
        if self._attempt_timer is None:
            self._attempt_timer = self._loop.call_later(_RECALL_TIME, self._give_up)

    def answered(self, end: SenderEnd) -> None:
        """An answer to a recall has come; its slots are free by now."""
        for attempt in list(self._attempts):
            attempt.asked.discard(end)
            if self._slots.try_acquire(attempt.count):
                self._settle(attempt, attempt.count)
            elif not attempt.asked:
                self._settle(attempt, 0)

    def gone(self, end: SenderEnd) -> None:
        for attempt in list(self._attempts):
            if attempt.end is end:
                self._remove(attempt)
        self.answered(end)

    def stop(self) -> None:
        if self._starved_timer is not None:
            self._starved_timer.cancel()
            self._starved_timer = None
        for attempt in list(self._attempts):
            self._settle(attempt, 0)

    # Inside.

    def _look(self) -> None:
        self._starved_timer = None
        if self._slots.waiting == 0:
            return
        # As long as somebody holds what others wait for, this goes on. Who comes to hold something later says so.
        if self._recall_idle():
            self.starved()

    def _recall_idle(self) -> bool:
        """Whether anybody has what others wait for."""
        idle = self._idle()
        before = self._loop.time() - min(_TURN * len(self._senders), _ALL_TURNS)
        for end in idle:
            if end.held < _MANY or end.last_active <= before:
                end.recall()
        return bool(idle)

    def _recall_others(self, end: SenderEnd) -> set[SenderEnd]:
        asked = {other for other in self._idle() if other is not end}
        for other in asked:
            other.recall()
        return asked

    def _idle(self) -> list[SenderEnd]:
        """Senders that hold credits and wait for none."""
        # A channel that is full of items is not worth a look at thousands of senders.
        return [] if self._lent() == 0 else [end for end in self._senders if end.held > 0 and end.awaited == 0]

    def _give_up(self) -> None:
        self._attempt_timer = None
        for attempt in list(self._attempts):
            self._settle(attempt, 0)

    def _settle(self, attempt: _Attempt, granted: int) -> None:
        self._remove(attempt)
        attempt.end.answer_attempt(granted)

    def _remove(self, attempt: _Attempt) -> None:
        self._attempts.remove(attempt)
        if not self._attempts and self._attempt_timer is not None:
            self._attempt_timer.cancel()
            self._attempt_timer = None
