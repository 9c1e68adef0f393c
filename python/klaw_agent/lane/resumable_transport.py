"""The agent's side of a connection that outlives its lanes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from typing import Final, Protocol

from ..wire.frame import LENGTH_FIELD, Frame
from ..wire.frame_buffer import Landing
from ..wire.outgoing import Buffer
from ..wire.resumable import Resumable
from .lane import Lane

#: Bytes of the largest frame that is taken, its length field included.
LONGEST_FRAME: Final = 16 * 1024 * 1024
#: Seconds that a connection is kept without a lane.
GRACE: Final = 30.0
#: Who drains waits while more than this many bytes have no lane.
HIGH_WATER: Final = 4 * 1024 * 1024
#: A client that does not read what it asked for is not read from, beyond this many bytes.
_MOST_UNSENT: Final = 16 * HIGH_WATER
#: Seconds that a closing connection waits for its client to take what was written.
_CLOSING_TIME: Final = 5.0
#: Where bytes go that nobody wants any more.
_WASTE: Final = 64 * 1024


class TransportListener(Protocol):
    """Who uses the transport."""

    def receive(self, received: Iterator[Frame]) -> None:
        """Frames have come. To be consumed to the end, or the transport to be closed."""
        ...

    def transport_lost(self, message: str, reason: Exception | None) -> None:
        """Nothing more will come or go. Called once, unless the transport was closed."""
        ...


class ResumableTransport:
    """Frames in both directions, over one lane after the other. Whatever is written in one turn of the loop is sent together."""

    def __init__(self, *, longest_frame: int = LONGEST_FRAME, grace: float = GRACE) -> None:
        self._listener: TransportListener | None = None
        self._over_listener: Callable[[], None] = _do_nothing
        #: Bytes of the largest frame that either side takes.
        self.longest_frame = longest_frame
        self._stream = Resumable(longest_frame - LENGTH_FIELD)
        self._grace = grace
        self._loop = asyncio.get_running_loop()
        self._lane: Lane | None = None
        #: No more is taken in either direction; a lane that is still there gets what was written.
        self._is_closed = False
        self._has_ended = False
        self._timer: asyncio.TimerHandle | None = None
        self._broken_by: Exception | None = None
        self._flush_scheduled = False
        self._is_held_up = False
        self._waiters: list[asyncio.Future[None]] = []

    # For who uses the transport.

    def start(self, listener: TransportListener) -> None:
        """Before the first lane comes."""
        self._listener = listener

    def land(self, landing: Landing) -> None:
        """Asks `landing` where the bodies of large frames go, so that they need not be copied there when they have come."""
        self._stream.land(landing)

    def write(self, buffers: Iterable[Buffer]) -> None:
        """Writes whole frames. Large buffers are not copied: nobody may change them any more."""
        if self._is_closed:
            return
        self._stream.put(buffers)
        # One that does not confirm is read from all the same, since that is where its confirmations come.
        if self._stream.unsent > _MOST_UNSENT and self._stream.is_free:
            self._hold_up()
        self._schedule_flush()

    async def drain(self) -> None:
        """Waits until most of what was written is on its way, or the transport is closed or lost."""
        if self._is_closed or (self._stream.unsent < HIGH_WATER and self._stream.is_free):
            return
        waiter: asyncio.Future[None] = self._loop.create_future()
        self._waiters.append(waiter)
        await waiter

    def close(self) -> None:
        """Says goodbye after everything that was written. Without a lane the client finds out by itself."""
        if self._is_closed:
            return
        self._stream.put_goodbye()
        self._over()
        self._stop_timer()
        lane = self._lane
        if lane is None:
            self._stream.clear()
            return
        if self._is_held_up:
            # What comes is not looked at, but a socket that is closed with something unread loses what its peer has not read.
            lane.resume_reading()
        self._timer = self._loop.call_later(_CLOSING_TIME, self._let_go)
        self.flush()

    @property
    def is_between_frames(self) -> bool:
        """Whether everything that came belongs to a whole frame."""
        return self._stream.is_between_frames

    # For who opens lanes.

    def on_over(self, listener: Callable[[], None]) -> None:
        """Calls back when no lane can continue the connection any more."""
        self._over_listener = listener

    @property
    def received(self) -> int:
        """Bytes of the client's stream that are here."""
        return self._stream.received

    def resume(self, position: int) -> bool:
        """A client comes that has so many bytes of this side's stream. The lane before, if there is still one, ends. False,
        and nothing has changed, if that can not be."""
        if self._is_closed or not self._stream.resume(position):
            return False
        lane, self._lane = self._lane, None
        if lane is not None:
            lane.abort()
        self._stop_timer()
        self._wait_for_lane()
        return True

    def attach(self, lane: Lane) -> None:
        """The lane of the client that has come. Its `resume` was just now."""
        self._stop_timer()
        self._lane = lane
        self._is_held_up = False
        self.flush()

    # For the lane.

    def writable(self) -> memoryview:
        """Where the next bytes go; never empty."""
        if self._is_closed:
            return memoryview(bytearray(_WASTE))
        return self._stream.writable()

    def wrote(self, count: int) -> None:
        """So many bytes stand in what `writable` has returned."""
        if not self._is_closed:
            self._receive(self._stream.wrote(count))

    def feed(self, data: Buffer) -> None:
        """As `writable` and `wrote`, for bytes that are somewhere else."""
        if not self._is_closed:
            self._receive(self._stream.put_received(data))

    def next_piece(self) -> Buffer | None:
        """What the lane has to carry next; None for nothing now."""
        return self._stream.next(limited=not self._is_closed)

    def flush(self) -> None:
        """Has the lane take what it can."""
        self._flush_scheduled = False
        lane = self._lane
        if lane is not None:
            lane.pump()
        if self._is_closed:
            if lane is not None and not self._has_ended and not self._stream.has_next:
                # It has everything. Until it is gone the last of it may still wait for the client to read.
                self._has_ended = True
                lane.end()
            return
        stream = self._stream
        if stream.unsent < HIGH_WATER // 2 and stream.is_free:
            self._settle()
        if self._is_held_up and (stream.unsent < HIGH_WATER // 2 or not stream.is_free):
            self._is_held_up = False
            if lane is not None:
                lane.resume_reading()

    def lane_lost(self, lane: Lane, reason: Exception | None) -> None:
        """The lane is gone."""
        if lane is not self._lane:
            return
        self._lane = None
        if self._is_closed:
            self._let_go()
            return
        self._broken_by = reason
        self._wait_for_lane()

    def lane_idle(self, lane: Lane) -> None:
        """Nothing shows that the client is still there, until `lane_busy`."""
        if lane is self._lane and not self._is_closed and self._timer is None:
            self._wait_for_lane()

    def lane_busy(self, lane: Lane) -> None:
        if lane is self._lane and not self._is_closed:
            self._stop_timer()

    # Inside.

    def _receive(self, received: Iterator[Frame]) -> None:
        if self._listener is None:
            raise RuntimeError("a lane has come before the transport was started")
        self._listener.receive(received)
        stream = self._stream
        if self._is_closed:
            return
        if stream.is_over:
            self._die("the connection was closed by its peer", None)
        elif stream.is_stirred:
            stream.is_stirred = False
            self._schedule_flush()

    def _schedule_flush(self) -> None:
        if not self._flush_scheduled:
            self._flush_scheduled = True
            self._loop.call_soon(self.flush)

    def _hold_up(self) -> None:
        if not self._is_held_up and self._lane is not None:
            self._is_held_up = True
            self._lane.pause_reading()

    def _wait_for_lane(self) -> None:
        self._timer = self._loop.call_later(self._grace, self._give_up)

    def _give_up(self) -> None:
        where = "" if self._stream.is_between_frames else " in the middle of a frame"
        self._die(f"the connection was lost{where} and not resumed within {self._grace:g} seconds", self._broken_by)

    def _die(self, message: str, reason: Exception | None) -> None:
        self._let_go()
        self._over()
        if self._listener is not None:
            self._listener.transport_lost(message, reason)

    def _over(self) -> None:
        self._is_closed = True
        self._settle()
        self._over_listener()

    def _let_go(self) -> None:
        """Whatever was not sent by now is not sent."""
        self._stop_timer()
        self._stream.clear()
        lane, self._lane = self._lane, None
        if lane is not None:
            lane.abort()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _settle(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)


def _do_nothing() -> None:
    pass
