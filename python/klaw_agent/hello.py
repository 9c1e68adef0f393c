"""What is said before the first frame: the version, and the session's token."""

from __future__ import annotations

import hmac
import struct
from typing import Final

MAGIC: Final = b"KLAW"
VERSION: Final = 1
TOKEN_LENGTH: Final = 32

#: Statuses of an answer.
OK: Final = 0
WRONG_TOKEN: Final = 1
UNSUPPORTED_VERSION: Final = 2
SESSION_OVER: Final = 3

_ASKED: Final = struct.Struct(f"<4sBBH{TOKEN_LENGTH}s")
_ANSWERED: Final = struct.Struct("<4sBBH")

#: Bytes of a client's hello, and of the answer.
HELLO_LENGTH: Final = _ASKED.size
ANSWER_LENGTH: Final = _ANSWERED.size


class NotHello(Exception):
    """The client speaks something else."""


def check_hello(data: bytes, token: bytes, is_open: bool) -> int:
    """The status to answer with. `data` may be the first bytes only: then None is said by `is_hello_so_far`."""
    magic, version, flags, zero, given = _ASKED.unpack(data[:HELLO_LENGTH])
    if magic != MAGIC:
        raise NotHello
    if version != VERSION or flags != 0 or zero != 0:
        return UNSUPPORTED_VERSION
    if not hmac.compare_digest(given, token):
        return WRONG_TOKEN
    return OK if is_open else SESSION_OVER


def is_hello_so_far(data: bytes) -> bool:
    """Whether these bytes can be the beginning of a hello."""
    return data[: len(MAGIC)] == MAGIC[: len(data)]


def write_hello(token: bytes) -> bytes:
    """What a client says."""
    return _ASKED.pack(MAGIC, VERSION, 0, 0, token)


def write_answer(status: int) -> bytes:
    """What the agent says."""
    return _ANSWERED.pack(MAGIC, VERSION, status, 0)


def read_answer(data: bytes) -> tuple[int, int]:
    """Version and status of an answer. Raises `NotHello`."""
    magic, version, status, _ = _ANSWERED.unpack(data)
    if magic != MAGIC:
        raise NotHello
    return version, status
