"""Requests and answers that are cut into pieces, on their way in."""

from __future__ import annotations

from ..codec import MAX_BYTES
from ..wire.frame import MORE, Frame, FrameError


class Pieces:
    """Puts them together, each by its type and number."""

    def __init__(self) -> None:
        self._pieces: dict[tuple[int, int], bytearray] = {}

    def take(self, frame: Frame) -> tuple[memoryview, bool] | None:
        """The whole body, and whether its memory is nobody else's; None if more is to come. Raises `FrameError`."""
        more = frame.flags & MORE
        if not self._pieces and not more:
            return frame.body, frame.is_own
        key = (frame.type, frame.stream)
        pieces = self._pieces.get(key)
        if pieces is None:
            if not more:
                return frame.body, frame.is_own
            pieces = self._pieces[key] = bytearray()
        if len(pieces) + len(frame.body) > MAX_BYTES:
            raise FrameError(f"a request has more than {MAX_BYTES} bytes")
        pieces += frame.body
        if more:
            return None
        return memoryview(self._pieces.pop(key)), True

    def clear(self) -> None:
        self._pieces.clear()
