"""Values that the client puts, while their pieces arrive."""

from __future__ import annotations

import mmap
from typing import NamedTuple

from ..codec import MAX_BYTES
from ..wire.frame import MORE, Frame, FrameError
from .frames import read_length
from .memory import Memory


class Arrived(NamedTuple):
    """A whole value. If `is_own`, its memory is nobody else's."""

    data: memoryview
    is_own: bool


class Incoming:
    """Puts pieces together, each value in one buffer of its size, which is as good as any to decode in place."""

    def __init__(self) -> None:
        self._buffers: dict[int, memoryview] = {}
        self._memory = Memory()
        self._memories: dict[int, mmap.mmap] = {}
        self._filled: dict[int, int] = {}
        #: Where the piece that is under way is being received: the place in its value.
        self._landing: memoryview | None = None

    def land(self, stream: int, length: int) -> memoryview | None:
        """Where the next piece of a value belongs, so that it can be received there; None when that is not known."""
        buffer = self._buffers.get(stream)
        if buffer is None or self._filled[stream] + length > len(buffer):
            return None
        start = self._filled[stream]
        self._landing = buffer[start : start + length]
        return self._landing

    def is_first(self, stream: int) -> bool:
        return stream not in self._buffers

    def take(self, frame: Frame) -> Arrived | None:
        """The value if this was its last piece. Raises `FrameError`."""
        stream = frame.stream
        body = frame.body
        buffer = self._buffers.get(stream)
        if buffer is None:
            total = read_length(frame)
            body = body[8:]
            if total > MAX_BYTES:
                raise FrameError(f"a value announces {total} bytes, the limit is {MAX_BYTES}")
            if not frame.flags & MORE:
                if len(body) != total:
                    raise FrameError(f"a value announces {total} bytes, {len(body)} came")
                return Arrived(body, frame.is_own)
            memory = self._memories[stream] = self._memory.take(total)
            buffer = self._buffers[stream] = memoryview(memory)[:total]
            self._filled[stream] = 0
        start = self._filled[stream]
        end = start + len(body)
        if end > len(buffer) or (end < len(buffer)) != bool(frame.flags & MORE):
            raise FrameError(f"a value announces {len(buffer)} bytes, {end} came")
        if body is not self._landing:
            buffer[start:end] = body
        self._landing = None
        self._filled[stream] = end
        if frame.flags & MORE:
            return None
        del self._buffers[stream], self._filled[stream]
        self._memory.keep(self._memories.pop(stream))
        return Arrived(buffer.toreadonly(), True)

    def clear(self) -> None:
        self._buffers.clear()
        self._memories.clear()
        self._memory.clear()
        self._filled.clear()
        self._landing = None
