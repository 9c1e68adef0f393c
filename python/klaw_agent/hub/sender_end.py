"""A sending end of a channel, in the hub."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from ..wire.frame import (
    ATTEMPT,
    CLOSE_END,
    CREDIT,
    HOLDERS,
    RECALL_CREDIT,
    RETURN_CREDIT,
    SEND,
    WANT,
    Frame,
    FrameError,
)
from .runs import announced
from .sides import SendingSide, write_ended

if TYPE_CHECKING:
    from ..wire.connection import Connection

#: The most slots that an end is given in advance before others in line have their turn.
_QUANTUM: Final = 1024
#: Seconds that somebody waits for a whole chunk of slots.
_CHUNK_TIME: Final = 0.001
#: Seconds until what was accepted is reported by itself, if no credit goes that way.
_REPORT_TIME: Final = 0.01
_UINT32_MASK: Final = 0xFFFFFFFF


class SenderEnd:
    """The credits that an end holds, and its place in line."""

    def __init__(self, connection: Connection, stream: int, side: SendingSide) -> None:
        self.connection = connection
        self.stream = stream
        self.need = 0
        #: Slots granted and neither used nor given back.
        self.held = 0
        #: Slots that somebody at the other end waits for, beyond those that are under way to it.
        self.awaited = 0
        #: A recall is under way.
        self.recalling = False
        #: When it last sent something, or was granted something; seconds on the loop's clock.
        self.last_active = 0.0
        self._side = side
        self._loop = asyncio.get_running_loop()
        #: All slots ever granted other than by attempts, modulo 2^32.
        self._granted_in_all = 0
        #: Operations that waited when it last asked.
        self._operations = 0
        #: Slots that it may hold at any time.
        self._target = 0
        #: It has waited long enough for a whole chunk.
        self._is_impatient = False
        self._timer: asyncio.TimerHandle | None = None
        #: Granted in this turn of the loop, and not written yet.
        self._granted = 0
        #: Items accepted, modulo 2^32, and how many of them the other end has been told of.
        self._accepted = 0
        self._reported = 0
        self._report: asyncio.TimerHandle | None = None
        self._is_scheduled = False
        self._is_gone = False
        connection.add_stream(stream, self)

    def frame(self, frame: Frame) -> None:
        kind = frame.type
        if kind == SEND:
            self._sent(frame)
        elif kind == WANT:
            self._wanted(frame)
        elif kind == RETURN_CREDIT:
            self._returned(frame.uint32(), bool(frame.flags & ATTEMPT))
        elif kind == CLOSE_END:
            self.leave()

    def connection_lost(self, error: Exception) -> None:
        self.leave()

    @property
    def waiting(self) -> int:
        """Operations at the other end that wait for slots, as far as is known."""
        return min(self._operations, self.awaited)

    @property
    def least(self) -> int:
        """While others fill the channel, slots are handed out by the chunk: a process that is woken for each wakes too often."""
        return 1 if self._is_impatient else min(self.need, self._side.chunk)

    def granted(self, count: int) -> None:
        self.held += count
        self.awaited = max(0, self.awaited - count)
        self._is_impatient = False
        self._granted_in_all = (self._granted_in_all + count) & _UINT32_MASK
        self._granted += count
        self._schedule()
        if self.awaited == 0 and self._side.slots.waiting > 0:
            self._side.starved()

    def refused(self) -> None:
        self.need = 0

    def answer_attempt(self, count: int) -> None:
        """Answers an attempt: all or nothing."""
        self.held += count
        self._reported = self._accepted
        self.connection.write_frame(CREDIT, ATTEMPT, self.stream, count, self._accepted)

    def tell_holders(self, count: int) -> None:
        """Tells a broadcast or watch sender how many receive."""
        if not self._is_gone:
            self.connection.write_frame(HOLDERS, 0, self.stream, count)

    def recall(self) -> None:
        """Asks for what is not needed now."""
        if self.recalling or self._is_gone:
            return
        self.recalling = True
        self._target = 0
        # A credit that is not written yet has to be there first, or it would not be given back.
        self._write_granted()
        self.connection.write_frame(RECALL_CREDIT, 0, self.stream)

    def end(self, error: Exception | None) -> None:
        """Nobody receives any more. The side hears nothing of it."""
        if self._is_gone:
            return
        self._close()
        write_ended(self.connection, self.stream, error)

    def leave(self) -> None:
        """The holder has closed the end, or is gone."""
        if self._is_gone:
            return
        self._close()
        held, self.held = self.held, 0
        self._side.slots.release(held)
        self._side.sender_gone(self)

    # Inside.

    def _sent(self, frame: Frame) -> None:
        count = announced(frame)
        if count > self.held:
            raise FrameError(f"{count} items were sent under {self.held} credits")
        self.held -= self._side.accept(frame)
        self.last_active = self._loop.time()
        self._accepted = (self._accepted + count) & _UINT32_MASK
        if self._report is None:
            self._report = self._loop.call_later(_REPORT_TIME, self._report_accepted)
        self._fill()

    def _wanted(self, frame: Frame) -> None:
        side = self._side
        missing = frame.uint32()
        if frame.flags & ATTEMPT:
            side.attempt(self, missing)
            return
        target, self._operations, received = frame.uint32s(3)
        self._target = int(min(target, side.allowance))
        # To grant what is under way once more would break the flow into ever smaller pieces.
        self.awaited = max(0, missing - ((self._granted_in_all - received) & _UINT32_MASK))
        self._fill()
        # What it holds and no longer waits with may be what others wait for.
        if self.awaited == 0 and side.slots.waiting > 0:
            side.starved()

    def _returned(self, count: int, is_answer: bool) -> None:
        if count > self.held:
            raise FrameError(f"{count} credits were given back, of {self.held}")
        self.held -= count
        if is_answer:
            self.recalling = False
        self._side.slots.release(count)
        if is_answer:
            self._side.recalled(self)

    def _fill(self) -> None:
        """Sees to it that the end gets what is waited for, and what it may hold once half of that is used."""
        if self._is_gone:
            return
        slots = self._side.slots
        room = self._target - self.held
        enough = self.awaited == 0 and room * 2 < self._target
        need = 0 if enough else max(self.awaited, min(room, _QUANTUM))
        if need <= 0:
            slots.unpark(self)
            self.need = 0
            return
        if self in slots:
            slots.rethink(self, need)
        else:
            self.need = need
            slots.park(self)
        if self not in slots:
            return
        self._side.starved()
        if self.awaited > 0 and self._timer is None and self._side.chunk > 1:
            self._timer = self._loop.call_later(_CHUNK_TIME, self._hurry)

    def _hurry(self) -> None:
        self._timer = None
        slots = self._side.slots
        if self in slots:
            self._is_impatient = True
            slots.release(0)

    def _write_granted(self) -> None:
        granted, self._granted = self._granted, 0
        if granted > 0 and not self._is_gone:
            self._reported = self._accepted
            self.last_active = self._loop.time()
            self.connection.write_frame(CREDIT, 0, self.stream, granted, self._accepted)

    def _schedule(self) -> None:
        if not self._is_scheduled:
            self._is_scheduled = True
            self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        self._is_scheduled = False
        self._write_granted()

    def _report_accepted(self) -> None:
        """It is told what was accepted although nothing is granted: should the hub be lost, it knows what had not been."""
        self._report = None
        if self._reported != self._accepted:
            self._reported = self._accepted
            self.connection.write_frame(CREDIT, 0, self.stream, 0, self._accepted)

    def _close(self) -> None:
        self._is_gone = True
        if self._report is not None:
            self._report.cancel()
            self._report = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.connection.remove_stream(self.stream)
        self._side.slots.unpark(self)
