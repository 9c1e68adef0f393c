"""One who is kept up to date about a watch."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Protocol

from ..wire.frame import CLOSE_END, TAKEN, Frame, FrameError
from .held_value import HeldValue
from .sides import write_ended
from .write_runs import Delivery, write_runs

if TYPE_CHECKING:
    from ..wire.connection import Connection


class Followed(Protocol):
    """What a follower belongs to."""

    def update(self, follower: Follower) -> None: ...

    def arrived(self, follower: Follower) -> None: ...

    def follower_gone(self, follower: Follower) -> None: ...


class Follower:
    """The next value leaves when the last one has arrived, so that a slow one skips some."""

    def __init__(self, connection: Connection, stream: int, channel: Followed, *, is_receiver: bool) -> None:
        self.connection = connection
        self.stream = stream
        self.is_receiver = is_receiver
        #: Of the value that was pushed last.
        self.version = 0
        self._channel = channel
        self._under_way: deque[HeldValue] = deque()
        self._is_gone = False
        self._has_ended = False
        connection.add_stream(stream, self)

    @property
    def is_busy(self) -> bool:
        """Whether a value is under way to it."""
        return bool(self._under_way)

    def push(self, value: HeldValue, version: int) -> None:
        self.version = version
        value.hold()
        self._under_way.append(value)
        delivery = Delivery(self.stream, epoch=0, sequence=version, counted=False, more=False)
        self.connection.write(write_runs(delivery, [value.run]))

    def end(self, error: Exception | None) -> None:
        """Nothing follows. It stays until its holder closes it, since the last value may not have arrived."""
        if not self._is_gone and not self._has_ended:
            self._has_ended = True
            write_ended(self.connection, self.stream, error)

    def frame(self, frame: Frame) -> None:
        if frame.type == CLOSE_END:
            self._leave()
        elif frame.type == TAKEN:
            self._taken(frame.uint32())

    def connection_lost(self, error: Exception) -> None:
        self._leave()

    def _taken(self, count: int) -> None:
        if count > len(self._under_way):
            raise FrameError(f"{count} values were taken, {len(self._under_way)} were under way")
        for _ in range(count):
            self._under_way.popleft().release()
            self._channel.arrived(self)
        if not self._under_way and not self._has_ended:
            self._channel.update(self)

    def _leave(self) -> None:
        if self._is_gone:
            return
        self._is_gone = True
        self.connection.remove_stream(self.stream)
        under_way, self._under_way = self._under_way, deque()
        for value in under_way:
            value.release()
        self._channel.follower_gone(self)
