"""The frames of objects and calls (docs/gateway.md, "by number")."""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

from ..wire.frame import Frame, FrameError, write_header

PUT: Final = 0x50
STORED: Final = 0x51
GET: Final = 0x52
VALUE: Final = 0x53
WATCH: Final = 0x54
SETTLED: Final = 0x55
INVOKE: Final = 0x56
RELEASE: Final = 0x57
RELAY: Final = 0x58

#: Of *invoke*: the method's name is in the frame, and gets the next number.
NAMED: Final = 16
#: Of a value's first frame, *put* or *value*: it is a message's. Such bytes are stored as they are, and belong to the hub.
OF_MESSAGE: Final = 64

#: Values are cut into frames of this many bytes.
PIECE: Final = 1024 * 1024

PENDING: Final = 0
HAS_VALUE: Final = 1
HAS_FAILED: Final = 2

_INVOKE: Final = struct.Struct("<IHH")
_UINT16: Final = struct.Struct("<H")
_UINT64: Final = struct.Struct("<Q")


class Invoke(NamedTuple):
    """A call of an actor's method. `payloads` are its arguments, still encoded."""

    actor: int
    method: int
    name: str | None
    payloads: list[memoryview]


def read_invoke(frame: Frame) -> Invoke:
    """Raises `FrameError`."""
    body = frame.body
    try:
        actor, method, count = _INVOKE.unpack_from(body, 0)
        position = _INVOKE.size
        name = None
        if frame.flags & NAMED:
            (length,) = _UINT16.unpack_from(body, position)
            position += 2 + length
            name = str(body[position - length : position], "utf-8")
        lengths = struct.unpack_from(f"<{count}I", body, position)
    except (struct.error, UnicodeDecodeError) as error:
        raise FrameError(f"an invoke can not be read: {error}") from error
    position += 4 * count
    payloads = []
    for length in lengths:
        payloads.append(body[position : position + length])
        position += length
    if position != len(body):
        raise FrameError(f"an invoke announces {position} bytes, {len(body)} are there")
    return Invoke(actor, method, name, payloads)


def read_length(frame: Frame) -> int:
    """The length of a whole value, which stands in its first frame."""
    if len(frame.body) < 8:
        raise FrameError("a value's first frame ends in its length")
    length: int = _UINT64.unpack_from(frame.body, 0)[0]
    return length


def read_release(frame: Frame) -> list[tuple[int, int]]:
    """Pairs of a number and how many counts of it are given up."""
    count = frame.uint32()
    if len(frame.body) != 4 + 8 * count:
        raise FrameError(f"a release of {count} numbers has {len(frame.body)} bytes")
    numbers = frame.uint32s(2 * count)
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def write_settled(stream: int, state: int) -> bytes:
    return write_header(SETTLED, 0, stream, 1) + bytes((state,))


def write_start(kind: int, flags: int, stream: int, size: int, total: int) -> bytes:
    """The head of a value's first frame, which holds `size` bytes of `total`."""
    return write_header(kind, flags, stream, 8 + size) + _UINT64.pack(total)
