"""A claim that has overtaken the export of its token."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..wire.frame import Frame
from ..wire.items import Token
from .session import Session

if TYPE_CHECKING:
    from .leasable import Leasable


class ParkedClaim:
    """Stands for the end that the claim is for, and keeps what is said to it meanwhile, since its holder uses it at once."""

    def __init__(
        self,
        session: Session,
        token: Token,
        stream: int,
        otherwise: Leasable | None,
        gone: Callable[[ParkedClaim], None],
    ) -> None:
        self.session = session
        self.token = token
        self.stream = stream
        #: What is claimed if the token turns out to stand for nothing, or no longer.
        self.otherwise = otherwise
        self._gone = gone
        self._frames: list[Frame] = []
        session.connection.add_stream(stream, self)

    def frame(self, frame: Frame) -> None:
        body = frame.body if frame.is_own else memoryview(bytes(frame.body))
        self._frames.append(Frame(frame.type, frame.flags, frame.stream, body, True))

    def connection_lost(self, error: Exception) -> None:
        self._frames.clear()
        self._gone(self)

    def resolve(self, attach: Callable[[], None]) -> None:
        """The end is made, or ended, by `attach`, and gets what was said to it."""
        connection = self.session.connection
        connection.remove_stream(self.stream)
        attach()
        frames, self._frames = self._frames, []
        connection.receive(frames)
