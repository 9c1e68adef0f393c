"""Where received bytes are put, and how frames are found in them. Large frames get memory of their own at once."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from typing import Final

from .frame import HEADER_LENGTH, LENGTH_FIELD, Frame, frame_length, read_frame

#: Of the buffer for everything that is not large.
_SIZE: Final = 256 * 1024
#: A frame that is not complete and has at least that many bytes is received into memory of its own.
_LARGE: Final = 64 * 1024
#: Up to that many bytes the memory is taken from what was freed before.
_RECYCLED: Final = 4 * 1024 * 1024
#: A frame of its own starts there, so that its body stands at a multiple of eight.
_OFFSET: Final = 8 - HEADER_LENGTH % 8


class FrameBuffer:
    """Bytes in, frames out. `longest` bounds what a frame may announce."""

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._shared = memoryview(bytearray(_SIZE))
        self._start = 0
        self._end = 0
        #: The memory of the large frame that is under way.
        self._large: memoryview | None = None
        self._large_end = 0

    def writable(self) -> memoryview:
        """Where the next bytes go; never empty."""
        if self._large is not None:
            return self._large[self._large_end :]
        return self._shared[self._end :]

    def wrote(self, count: int) -> Iterator[Frame]:
        """The frames that are complete now. To be consumed before anything else is written. Raises `FrameError`."""
        if self._large is not None:
            self._large_end += count
            if self._large_end < len(self._large):
                return
            whole, self._large = self._large.toreadonly(), None
            yield read_frame(whole, _OFFSET, len(whole), True)
            return
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
                if length >= _LARGE:
                    self._begin_large(length)
                return
            start = self._start
            self._start += length
            yield read_frame(self._shared, start, start + length)

    def _begin_large(self, length: int) -> None:
        # Memory that was used before costs a tenth of fresh pages. Beyond that, pages are taken when they are written, so
        # what is only announced costs nothing.
        size = _OFFSET + length
        self._large = memoryview(bytearray(size) if size <= _RECYCLED else mmap.mmap(-1, size))
        self._large_end = _OFFSET + self._end - self._start
        self._large[_OFFSET : self._large_end] = self._shared[self._start : self._end]
        self._start = self._end = 0

    def _make_room(self) -> None:
        """What is left is a part of a small frame: it moves to the front when it could hit the end."""
        if self._start == self._end:
            self._start = self._end = 0
        elif self._start > 0 and _SIZE - self._start < _LARGE:
            rest = bytes(self._shared[self._start : self._end])
            self._shared[: len(rest)] = rest
            self._start, self._end = 0, len(rest)
