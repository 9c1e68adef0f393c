"""Where received bytes are put, and how frames are found in them. Large frames are received straight to where they belong."""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterator
from typing import Final

from .frame import HEADER_LENGTH, LENGTH_FIELD, Frame, frame_length, read_frame

#: Of the buffer for everything that is not large.
_SIZE: Final = 256 * 1024
#: A frame that is not complete and has at least that many bytes is received into memory of its own.
_LARGE: Final = 64 * 1024
#: Up to that many bytes the memory is taken from what was freed before.
_RECYCLED: Final = 4 * 1024 * 1024
#: What follows a large frame that belongs to something larger is likely to be its next one: so much is received together with the next header.
_PEEK: Final = 4 * 1024

#: Says where the body of a large frame goes: asked for type, flags, stream and length of the body, once the header is there. Returns memory of
#: exactly that length, which is then the frame's body, the very object; or None for memory of the frame's own.
Landing = Callable[[int, int, int, int], "memoryview | None"]


class FrameBuffer:
    """Bytes in, frames out. `longest` bounds what a frame may announce."""

    def __init__(self, longest: int) -> None:
        #: Who may want the bodies of large frames somewhere else.
        self.landing: Landing = _nowhere
        self._longest = longest
        self._shared = memoryview(bytearray(_SIZE))
        self._start = 0
        self._end = 0
        #: The large frame that is under way, and what of its body is still to be written.
        self._large: Frame | None = None
        self._rest = self._shared[:0]
        #: The frame before was received to where somebody wanted it.
        self._has_landed = False

    def writable(self) -> memoryview:
        """Where the next bytes go; never empty."""
        if self._large is not None:
            return self._rest
        if self._has_landed:
            return self._shared[self._end : self._end + _PEEK]
        return self._shared[self._end :]

    def wrote(self, count: int) -> Iterator[Frame]:
        """The frames that are complete now. To be consumed before anything else is written. Raises `FrameError`."""
        large = self._large
        if large is not None:
            self._rest = self._rest[count:]
            if len(self._rest) == 0:
                self._large = None
                yield large
            return
        self._has_landed = False
        self._end += count
        yield from self._frames()
        self._make_room()

    def put(self, data: bytes | memoryview) -> Iterator[Frame]:
        """As `writable` and `wrote`, for bytes that are somewhere else."""
        rest = memoryview(data)
        while len(rest) > 0:
            target = self.writable()
            count = min(len(target), len(rest))
            target[:count] = rest[:count]
            rest = rest[count:]
            yield from self.wrote(count)

    @property
    def is_between_frames(self) -> bool:
        """Whether everything that came belongs to a whole frame."""
        return self._large is None and self._start == self._end

    def _frames(self) -> Iterator[Frame]:
        while self._end - self._start >= LENGTH_FIELD:
            length = frame_length(self._shared, self._start, self._longest)
            if length > self._end - self._start:
                if length >= _LARGE and self._end - self._start >= HEADER_LENGTH:
                    self._begin_large(length)
                return
            start = self._start
            self._start += length
            yield read_frame(self._shared, start, start + length)

    def _begin_large(self, length: int) -> None:
        size = length - HEADER_LENGTH
        head_end = self._start + HEADER_LENGTH
        frame = read_frame(self._shared, self._start, head_end, True)
        landing = self.landing(frame.type, frame.flags, frame.stream, size)
        self._has_landed = landing is not None
        memory = landing if landing is not None else _own(size)
        frame.body = landing if landing is not None else memory.toreadonly()
        came = self._end - head_end
        memory[:came] = self._shared[head_end : self._end]
        self._large, self._rest = frame, memory[came:]
        self._start = self._end = 0

    def _make_room(self) -> None:
        """What is left is a part of a small frame: it moves to the front when it could hit the end."""
        if self._start == self._end:
            self._start = self._end = 0
        elif self._start > 0 and _SIZE - self._start < _LARGE:
            rest = bytes(self._shared[self._start : self._end])
            self._shared[: len(rest)] = rest
            self._start, self._end = 0, len(rest)


def _own(size: int) -> memoryview:
    # Memory that was used before costs a tenth of fresh pages. Beyond that, pages are taken when they are written, so what is only announced
    # costs nothing.
    return memoryview(bytearray(size) if size <= _RECYCLED else mmap.mmap(-1, size))


def _nowhere(kind: int, flags: int, stream: int, length: int) -> memoryview | None:
    return None
