"""A receiving end of a channel, in the hub."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from ..wire.frame import (
    ACKNOWLEDGE,
    ATTEMPT,
    CLOSE_END,
    DEMAND,
    ERROR,
    GIVE_BACK,
    LAGGED,
    PROBED,
    RECALL_ITEMS,
    TAKEN,
    Frame,
    FrameError,
)
from .runs import Run, fitting
from .sides import ReceivingSide, write_ended
from .write_runs import Delivery, write_runs

if TYPE_CHECKING:
    from ..wire.connection import Connection

_UINT32_MASK: Final = 0xFFFFFFFF
#: Bytes that a frame of several runs has at most: what follows need not wait for more.
_LARGEST_MERGED: Final = 256 * 1024
#: An item of so many bytes has a frame of its own: whoever receives it can leave it where the frame arrived.
_LARGE_ITEM: Final = 32 * 1024


class ReceiverEnd:
    """The demand of an end, and what was delivered to it and not yet taken."""

    def __init__(self, connection: Connection, stream: int, side: ReceivingSide) -> None:
        self.connection = connection
        self.stream = stream
        #: Items wanted beyond those delivered.
        self.demand = 0
        #: Items that somebody at the other end waits for.
        self.awaited = 0
        #: Items that were delivered and not yet taken.
        self.untaken = 0
        #: When the end last took something, or got something while it had nothing; seconds on the loop's clock.
        self.last_active = 0.0
        self.recalling = False
        self._side = side
        self._loop = asyncio.get_running_loop()
        #: What was delivered and not yet taken, oldest first.
        self._delivered: deque[Run] = deque()
        self._epoch = 0
        #: The number of the next item to be written.
        self._sequence = 0
        #: Delivered in this turn of the loop and not written yet: the last of what was delivered. They have no number yet.
        self._outgoing: list[Run] = []
        self._unwritten = 0
        #: Nobody wants to know any more what became of what was delivered.
        self._is_void = False
        self._has_ended = False
        self._is_gone = False
        connection.add_stream(stream, self)

    @property
    def is_gone(self) -> bool:
        return self._is_gone

    @property
    def unseen(self) -> Sequence[Run]:
        """What was delivered and not yet taken, oldest first."""
        return list(self._delivered)

    def frame(self, frame: Frame) -> None:
        kind = frame.type
        if kind == CLOSE_END:
            self.leave()
        elif self._is_void:
            return
        elif kind == TAKEN:
            self._taken(frame.uint32())
        elif kind == DEMAND:
            self._demanded(frame.uint32(), frame)
        elif kind == GIVE_BACK:
            self._given_back(*frame.uint32s(2))
        elif kind == ACKNOWLEDGE:
            self._side.acknowledged(self, frame.uint32(), bool(frame.flags & ERROR))

    def connection_lost(self, error: Exception) -> None:
        self.leave()

    def deliver(self, run: Run) -> None:
        """Delivers what was demanded: `run` has at most `demand` items."""
        count = run.count
        self.demand -= count
        ahead = self.awaited < count
        self.awaited = 0 if ahead else self.awaited - count
        self.send(run)
        if ahead:
            self._side.delivered_ahead()

    def send(self, run: Run) -> None:
        """Delivers beyond demand, for a probe."""
        if self.untaken == 0:
            self.last_active = self._loop.time()
        run.deliveries += 1
        self.untaken += run.count
        self._delivered.append(run)
        if not self._outgoing:
            self._loop.call_soon(self._write_outgoing)
        self._outgoing.append(run)
        self._unwritten += run.count

    def lag(self, count: int) -> None:
        """Tells a broadcast receiver that it has missed `count` items."""
        self._write_outgoing()
        self.connection.write_frame(LAGGED, 0, self.stream, count)

    def answer_probe(self) -> None:
        if self._is_gone:
            return
        self._write_outgoing()
        self.connection.write_frame(PROBED, 0, self.stream)

    def recall(self) -> None:
        """Asks for what is not needed now."""
        if self.recalling or self._is_gone:
            return
        self.recalling = True
        # An item that is not written yet has to be there first, or it would not be given back.
        self._write_outgoing()
        self.connection.write_frame(RECALL_ITEMS, 0, self.stream)

    def end(self, error: Exception | None) -> None:
        """Nothing follows. The end stays until its holder closes it, since what it has may not have been taken yet."""
        if self._is_gone or self._has_ended:
            return
        self._has_ended = True
        self._write_outgoing()
        write_ended(self.connection, self.stream, error)

    def take_back(self) -> list[Run]:
        """Removes and returns what was delivered and not taken. What the holder says of it from now on is ignored."""
        self._is_void = True
        return self._clear()

    def leave(self) -> None:
        """The holder has closed the end, or is gone."""
        if self._is_gone:
            return
        self._is_gone = True
        self.connection.remove_stream(self.stream)
        self._side.withdraw(self)
        self.demand = 0
        self._side.receiver_gone(self)

    # Inside.

    def _demanded(self, count: int, frame: Frame) -> None:
        if frame.flags & ATTEMPT:
            self._side.probe(self, count)
            return
        self.demand += count
        self.awaited = frame.uint32()
        self._side.serve(self)

    def _taken(self, count: int) -> None:
        self.last_active = self._loop.time()
        # What is not written yet can not have been taken.
        numbered = self.untaken - self._unwritten
        if count > numbered:
            raise FrameError(f"{count} items were taken, {numbered} had been delivered")
        first = (self._sequence - numbered) & _UINT32_MASK
        self.untaken -= count
        self._side.taken(self, self._take(count), first)

    def _take(self, count: int) -> list[Run]:
        """The oldest `count` items, no longer delivered."""
        delivered = self._delivered
        runs: list[Run] = []
        while count > 0:
            run = delivered[0]
            if run.count > count:
                run, delivered[0] = run.cut(count)
            else:
                delivered.popleft()
            runs.append(run)
            count -= run.count
        return runs

    def _given_back(self, epoch: int, first: int) -> None:
        numbered = self.untaken - self._unwritten
        back = (self._sequence - first) & _UINT32_MASK
        if back > numbered:
            raise FrameError(f"{back} items were given back, {numbered} had been delivered")
        self.recalling = False
        self._side.withdraw(self)
        self.demand = 0
        self.awaited = 0
        kept = self._take(numbered - back)
        returned = self._clear()
        self._delivered.extend(kept)
        self.untaken = numbered - back
        self._epoch = epoch
        self._sequence = first
        self._side.returned(self, returned)

    def _clear(self) -> list[Run]:
        runs = list(self._delivered)
        self._delivered.clear()
        self._outgoing = []
        self._unwritten = self.untaken = 0
        return runs

    def _write_outgoing(self) -> None:
        runs = self._outgoing
        if not runs or self._is_gone:
            return
        self._outgoing = []
        self._unwritten = 0
        frame: list[Run] = []
        size = 0
        for run in runs:
            if frame and (size + run.size > _LARGEST_MERGED or _stands_alone(run) or _stands_alone(frame[0])):
                self._write(frame)
                frame = []
                size = 0
            frame.append(run)
            size += run.size + 4 * run.count
        self._write(frame)

    def _write(self, runs: list[Run]) -> None:
        """Writes one frame, unless one is too much for a frame."""
        for part in [runs] if len(runs) > 1 else [[run] for run in fitting(runs[0])]:
            count = sum([run.count for run in part])
            delivery = Delivery(self.stream, self._epoch, self._sequence, self._side.counted, self._side.has_more)
            self.connection.write(write_runs(delivery, part))
            self._sequence = (self._sequence + count) & _UINT32_MASK


def _stands_alone(run: Run) -> bool:
    return run.tokens is not None or (run.count == 1 and run.size >= _LARGE_ITEM)
