"""Items that lie untaken while others wait for one."""

from __future__ import annotations

import asyncio
from collections.abc import Sized
from typing import TYPE_CHECKING, Final

from .item_queue import ItemQueue

if TYPE_CHECKING:
    from .receiver_end import ReceiverEnd

#: Seconds that a receiver waits before what others hold untaken is called back. An item that goes back can be overtaken by
#: later ones, so it is left to whoever is likely to take it.
_PATIENCE: Final = 0.01
#: The same for each receiver, and at most: where there are more processes than CPUs, each has to wait for its turn.
_TURN: Final = 0.005
_ALL_TURNS: Final = 0.05
#: Seconds that a probe waits for processes that do not answer, because they compute.
_PROBE_TIME: Final = 0.02


class _Probe:
    def __init__(self, end: ReceiverEnd, count: int, asked: set[ReceiverEnd]) -> None:
        self.end = end
        self.count = count
        #: Ends whose answer may still bring items.
        self.asked = asked


class ItemRecall:
    """Calls items back that were delivered in advance and not taken, when another receiver waits for one."""

    def __init__(self, queue: ItemQueue, receivers: Sized) -> None:
        self._queue = queue
        self._receivers = receivers
        self._loop = asyncio.get_running_loop()
        self._probes: list[_Probe] = []
        self._starved_timer: asyncio.TimerHandle | None = None
        self._probe_timer: asyncio.TimerHandle | None = None

    def starved(self) -> None:
        """Somebody waits in line."""
        if self._starved_timer is None and self._queue.holding and len(self._receivers) > 1:
            self._starved_timer = self._loop.call_later(_PATIENCE, self._look)

    def probe(self, end: ReceiverEnd, count: int) -> None:
        """There is nothing for `end` now. It gets its answer, and at most `count` items, once what others held untaken has come back."""
        asked = {other for other in self._queue.holding if other is not end}
        if not asked:
            end.answer_probe()
            return
        self._probes.append(_Probe(end, count, asked))
        if self._probe_timer is None:
            self._probe_timer = self._loop.call_later(_PROBE_TIME, self._give_up)
        for other in asked:
            other.recall()

    def answered(self, end: ReceiverEnd) -> None:
        """An end has given items back."""
        for probe in list(self._probes):
            probe.asked.discard(end)
            if self._queue.has_items or not probe.asked:
                self._settle(probe)

    def gone(self, end: ReceiverEnd) -> None:
        for probe in list(self._probes):
            if probe.end is end:
                self._remove(probe)
        self.answered(end)

    def stop(self) -> None:
        for probe in list(self._probes):
            self._settle(probe)
        if self._starved_timer is not None:
            self._starved_timer.cancel()
            self._starved_timer = None

    # Inside.

    def _look(self) -> None:
        self._starved_timer = None
        queue = self._queue
        before = self._loop.time() - max(_PATIENCE, min(_TURN * len(self._receivers), _ALL_TURNS))
        idle = [end for end in queue.holding if end.awaited == 0 and queue.others_wait(end)]
        for end in idle:
            # An end that takes all the time is about to use what it has.
            if end.last_active <= before:
                end.recall()
        # As long as somebody has what others wait for, this goes on. Who is given something later is reported again.
        if idle:
            self.starved()

    def _give_up(self) -> None:
        self._probe_timer = None
        for probe in list(self._probes):
            self._settle(probe)

    def _settle(self, probe: _Probe) -> None:
        self._remove(probe)
        self._queue.give(probe.end, probe.count)
        probe.end.answer_probe()

    def _remove(self, probe: _Probe) -> None:
        self._probes.remove(probe)
        if not self._probes and self._probe_timer is not None:
            self._probe_timer.cancel()
            self._probe_timer = None
