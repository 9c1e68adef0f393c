"""What is said before the first frame of a lane: the version, the session's token, which connection, and where it is."""

from __future__ import annotations

import hmac
import struct
from typing import Final, NamedTuple

MAGIC: Final = b"KLAW"
VERSION: Final = 1
TOKEN_LENGTH: Final = 32
ID_LENGTH: Final = 16

#: Statuses of an answer.
WELCOME: Final = 0
WRONG_TOKEN: Final = 1
UNSUPPORTED_VERSION: Final = 2
UNKNOWN_CONNECTION: Final = 3
ENDING: Final = 4

#: What a status other than `WELCOME` means for the log.
REASONS: Final = {
    WRONG_TOKEN: "it has another token",
    UNSUPPORTED_VERSION: "it speaks another version",
    UNKNOWN_CONNECTION: "it resumes a connection that is unknown",
    ENDING: "the agent is ending",
}

#: Of a hello: the connection existed before.
_RESUME: Final = 1

_ASKED: Final = struct.Struct(f"<4sBBH{TOKEN_LENGTH}s{ID_LENGTH}sQ")
_ANSWERED: Final = struct.Struct("<4sBBHQ")

#: Bytes of a client's hello, and of the answer.
HELLO_LENGTH: Final = _ASKED.size
ANSWER_LENGTH: Final = _ANSWERED.size


class Hello(NamedTuple):
    """What a client with the right token says."""

    connection: bytes
    #: Whether the agent has welcomed the connection before.
    resume: bool
    #: Bytes of the agent's stream that the client has.
    received: int
    #: Seconds for which the connection is to be kept when it is lost; 0: as long as the agent does by itself.
    grace: int = 0


class Answer(NamedTuple):
    """What the agent says."""

    version: int
    status: int
    #: Bytes of the client's stream that the agent has.
    received: int


class NotHello(Exception):
    """The other side speaks something else."""


def is_hello_so_far(data: bytes) -> bool:
    """Whether these bytes, however few, can be the beginning of a hello or of its answer."""
    return data[: len(MAGIC)] == MAGIC[: len(data)]


def read_hello(data: bytes, token: bytes) -> Hello | int:
    """The hello, or the status to refuse it with. Raises `NotHello`."""
    magic, version, flags, grace, given, connection, received = _ASKED.unpack(data)
    if magic != MAGIC:
        raise NotHello
    if version != VERSION or flags & ~_RESUME:
        return UNSUPPORTED_VERSION
    if not hmac.compare_digest(given, token):
        return WRONG_TOKEN
    return Hello(connection, bool(flags & _RESUME), received, grace)


def write_hello(token: bytes, hello: Hello) -> bytes:
    flags = _RESUME if hello.resume else 0
    return _ASKED.pack(MAGIC, VERSION, flags, hello.grace, token, hello.connection, hello.received)


def write_answer(status: int, received: int = 0) -> bytes:
    return _ANSWERED.pack(MAGIC, VERSION, status, 0, received)


def read_answer(data: bytes) -> Answer:
    """Raises `NotHello`."""
    magic, version, status, _, received = _ANSWERED.unpack(data)
    if magic != MAGIC:
        raise NotHello
    return Answer(version, status, received)
