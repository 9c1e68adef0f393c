"""A connection that outlives its lanes, without the lanes: what came in and what has to go out, counted in bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from .control_frames import (
    GOODBYE,
    GOODBYE_FRAME,
    PING,
    PONG_FRAME,
    RECEIVED,
    is_control,
    read_position,
    received_frame,
)
from .frame import Frame, FrameError
from .frame_buffer import FrameBuffer, Landing
from .outgoing import MOST_UNCONFIRMED, Buffer, Outgoing

#: Bytes after which the peer is told what has arrived. It expects to hear that for every MiB.
CONFIRM_EVERY: Final = 512 * 1024


class Resumable:
    """Both streams of a connection. It knows no lane: whoever has one asks what goes next, and brings what came.

    Bytes count in both directions from the first frame on, whatever lane carries them. When a lane breaks, what it may have
    lost is sent once more from where the peer says that it is, which may be in the middle of a frame.
    """

    def __init__(self, longest_frame: int, *, most_unconfirmed: int = MOST_UNCONFIRMED) -> None:
        self._incoming = FrameBuffer(longest_frame)
        self._outgoing = Outgoing(most_unconfirmed)
        self._reported = 0
        self._owes_pong = False
        #: Bytes of the peer's stream that are here.
        self.received = 0
        #: The peer has said goodbye: it sends nothing more and takes nothing more.
        self.is_over = False
        #: The peer waits for an answer that overtakes everything, or has made room: to be reset by who looks what goes next.
        self.is_stirred = False

    # What comes in.

    def land(self, landing: Landing) -> None:
        """Asks `landing` from now on where the bodies of large frames go."""
        self._incoming.landing = landing

    def writable(self) -> memoryview:
        """Where the next bytes go; never empty."""
        return self._incoming.writable()

    def wrote(self, count: int) -> Iterator[Frame]:
        """The frames that are whole now, without those of the connection itself. To be consumed to the end.

        Raises `FrameError`, after which the connection can not go on.
        """
        return self._taken(count, self._incoming.wrote(count))

    def put_received(self, data: Buffer) -> Iterator[Frame]:
        """As `writable` and `wrote`, for bytes that are somewhere else."""
        return self._taken(len(data), self._incoming.put(data))

    @property
    def is_between_frames(self) -> bool:
        """Whether everything that came belongs to a whole frame."""
        return self._incoming.is_between_frames

    # What goes out.

    def put(self, buffers: Iterable[Buffer]) -> None:
        """Sends whole frames. Nobody may change the buffers any more."""
        self._outgoing.put(buffers)

    def put_goodbye(self) -> None:
        """Tells the peer, after everything else, that the connection is over."""
        self._outgoing.put([GOODBYE_FRAME])

    @property
    def unsent(self) -> int:
        """Bytes that no lane has got."""
        return self._outgoing.size

    @property
    def has_next(self) -> bool:
        """Whether the lane has to get something, be it once more."""
        return self._outgoing.has_next

    @property
    def is_free(self) -> bool:
        """Whether the peer has confirmed enough to go on."""
        return self._outgoing.is_free

    def next(self, limited: bool = True) -> Buffer | None:
        """What the lane gets next; None when there is nothing, or nothing more until the peer has confirmed something.

        `limited` false: whatever the peer has confirmed.
        """
        outgoing = self._outgoing
        if (self._owes_pong or self._owes_report) and outgoing.is_between_frames:
            return outgoing.keep(self._urgent())
        return outgoing.next(limited)

    def resume(self, position: int) -> bool:
        """A lane is there whose peer has so many bytes of this side's stream, and is told of `received`. False if that
        can not be: then nothing has changed."""
        if not self._outgoing.resume(position):
            return False
        self._reported = self.received
        return True

    def clear(self) -> None:
        """Forgets what was to be sent: no lane will come any more."""
        self._outgoing.clear()

    # Inside.

    @property
    def _owes_report(self) -> bool:
        return self.received - self._reported >= CONFIRM_EVERY

    def _taken(self, count: int, frames: Iterator[Frame]) -> Iterator[Frame]:
        self.received += count
        for frame in frames:
            if not is_control(frame.type):
                yield frame
                continue
            self._control(frame)
            if self.is_over:
                return
        if self._owes_report:
            self.is_stirred = True

    def _control(self, frame: Frame) -> None:
        if frame.type == RECEIVED:
            position = read_position(frame)
            if not self._outgoing.confirm(position):
                raise FrameError(f"{position} bytes are confirmed, of {self._outgoing.sent} that were sent")
            self.is_stirred = True
        elif frame.type == PING:
            self._owes_pong = True
            self.is_stirred = True
        elif frame.type == GOODBYE:
            self.is_over = True

    def _urgent(self) -> bytes:
        """However many pings have come, one answer will do; and the newest count says it all."""
        frames = b""
        if self._owes_pong:
            self._owes_pong = False
            frames = PONG_FRAME
        if self._owes_report:
            self._reported = self.received
            frames += received_frame(self.received)
        return frames
