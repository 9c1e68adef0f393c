"""Frames of the connection itself, which outlives its lanes: `docs/gateway.md`, "Connection"."""

from __future__ import annotations

import struct
from typing import Final

from .frame import Frame, FrameError, write_frame, write_header

RECEIVED: Final = 0x01
PING: Final = 0x02
PONG: Final = 0x03
GOODBYE: Final = 0x04

PING_FRAME: Final = write_frame(PING, 0, 0)
PONG_FRAME: Final = write_frame(PONG, 0, 0)
GOODBYE_FRAME: Final = write_frame(GOODBYE, 0, 0)

_POSITION: Final = struct.Struct("<Q")


def is_control(kind: int) -> bool:
    """Whether frames of that type concern the connection alone, and nobody who uses it."""
    return RECEIVED <= kind <= GOODBYE


def received_frame(position: int) -> bytes:
    """Tells the peer how many bytes of its stream are here."""
    return write_header(RECEIVED, 0, 0, _POSITION.size) + _POSITION.pack(position)


def read_position(frame: Frame) -> int:
    """What a *received* says. Raises `FrameError`."""
    if len(frame.body) < _POSITION.size:
        raise FrameError("a confirmation ends in the middle of its position")
    position: int = _POSITION.unpack_from(frame.body)[0]
    return position
