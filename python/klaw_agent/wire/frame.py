"""The frames of wire version 1. `docs/wire.md` is their reference; test/fixtures/frames/ holds their golden files."""

from __future__ import annotations

import struct
from typing import Final

REQUEST: Final = 0x10
RESPONSE: Final = 0x11
ABORT: Final = 0x12
EVENT: Final = 0x13

SEND: Final = 0x20
CREDIT: Final = 0x21
WANT: Final = 0x22
RETURN_CREDIT: Final = 0x23
RECALL_CREDIT: Final = 0x24
CLOSE_END: Final = 0x25
ENDED: Final = 0x26

DEMAND: Final = 0x30
DELIVER: Final = 0x31
TAKEN: Final = 0x32
GIVE_BACK: Final = 0x33
RECALL_ITEMS: Final = 0x34
ACKNOWLEDGE: Final = 0x35
PROBED: Final = 0x36
LAGGED: Final = 0x37
HOLDERS: Final = 0x38

CALL: Final = 0x40
RESULT: Final = 0x41
CANCEL_CALL: Final = 0x42
AWAITING: Final = 0x43

#: Flags.
ERROR: Final = 1
TOKENS: Final = 2
ATTEMPT: Final = 4
DELIVERY_COUNTS: Final = 8
MORE: Final = 16

#: Bytes from the start of a frame to its body.
HEADER_LENGTH: Final = 12
#: A frame's length does not count the field that says it.
LENGTH_FIELD: Final = 4
_SHORTEST: Final = HEADER_LENGTH - LENGTH_FIELD
_LONGEST: Final = 2**32 - 1

_HEADER: Final = struct.Struct("<IBBHI")
_UINT32: Final = struct.Struct("<I")


class FrameError(Exception):
    """Bytes that are no frame, or a frame that cannot be read."""


class Frame:
    """One frame, and a cursor over its body."""

    __slots__ = ("body", "flags", "is_own", "position", "stream", "type")

    def __init__(self, kind: int, flags: int, stream: int, body: memoryview, is_own: bool) -> None:
        self.type = kind
        self.flags = flags
        self.stream = stream
        #: Valid as long as the frame is being handled, or if `is_own`, for ever.
        self.body = body
        #: Whether the body's memory belongs to this frame alone, so that values may be views of it.
        self.is_own = is_own
        #: In the body: where the next integer is read.
        self.position = 0

    def uint32(self) -> int:
        """The next integer of the body. Raises `FrameError`."""
        position = self.position
        if position + 4 > len(self.body):
            raise FrameError("a frame ends in the middle of an integer")
        self.position = position + 4
        value: int = _UINT32.unpack_from(self.body, position)[0]
        return value

    def uint32s(self, count: int) -> tuple[int, ...]:
        """That many integers. Raises `FrameError`."""
        position = self.position
        if position + 4 * count > len(self.body):
            raise FrameError("a frame ends in the middle of its integers")
        self.position = position + 4 * count
        return struct.unpack_from(f"<{count}I", self.body, position)

    def rest(self) -> memoryview:
        """What follows the integers that were read."""
        return self.body[self.position :]


def frame_length(data: memoryview, position: int, longest: int) -> int:
    """Bytes of the whole frame that starts there, of which at least the length is there. Raises `FrameError`."""
    length: int = _UINT32.unpack_from(data, position)[0]
    if length < _SHORTEST:
        raise FrameError(f"a frame announces {length} bytes, it has at least {_SHORTEST}")
    if length > longest:
        raise FrameError(f"a frame announces {length} bytes, the limit is {longest}")
    return length + LENGTH_FIELD


def read_frame(data: memoryview, position: int, end: int, is_own: bool = False) -> Frame:
    """The frame that stands from `position` to `end`."""
    _, kind, flags, _, stream = _HEADER.unpack_from(data, position)
    return Frame(kind, flags, stream, data[position + HEADER_LENGTH : end], is_own)


def write_header(kind: int, flags: int, stream: int, body_length: int) -> bytes:
    """What stands before a body of that length. Raises `FrameError` when no frame can be that long."""
    length = body_length + _SHORTEST
    if length > _LONGEST:
        raise FrameError(f"a frame cannot have {length} bytes")
    return _HEADER.pack(length, kind, flags, 0, stream)


def write_frame(kind: int, flags: int, stream: int, *integers: int) -> bytes:
    """A frame whose body is a few integers."""
    return write_header(kind, flags, stream, 4 * len(integers)) + struct.pack(f"<{len(integers)}I", *integers)
