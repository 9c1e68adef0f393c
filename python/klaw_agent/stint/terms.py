"""What both ends of a stint agree on. Both say MessagePack, one item after the other, behind the hello of `lane/hello.py`.

The agent says *calls*, arrays of the method's name and its arguments; cancels, the numbers of calls: those of a line count from 0, in the order
in which they were sent to the instance; and, for a stint that need not wait for more, its number, from 1, below zero. The actor's process says first, on each connection, a *report*, an array of its instance's id,
how many calls it is through with, and what became of the last of them; then *outcomes* in the order of the calls, and that a stint has ended.
"""

from __future__ import annotations

from typing import Any, Final

import msgpack

#: Of these terms; an actor's process may have another version of this package than the agent.
VERSION: Final = 1
#: Calls without an outcome that the actor's process is given at a time.
WINDOW: Final = 64
#: Bytes of a call, and of a result: what Ray itself keeps with the owner, and does not store.
LARGEST: Final = 100 * 1024

#: Outcomes other than a result, which is its bytes. The first is also a stint's end: its task returns, or fails with, what the call did.
BY_TASK: Final = 1
CANCELLED: Final = 2
#: A stint has ended: its task returns None.
END: Final = 0

#: The task of a stint that did nothing returns an array that begins with the line's id, and then one of these, a text, and a report.
NOT_HERE: Final = "not here"
UNREACHABLE: Final = "unreachable"


class NotPlain(ValueError):
    """The bytes have an extension in them."""


def unpack_plain(data: Any) -> Any:
    """Reads a value as the codec does that has nothing in it but what MessagePack itself knows. Raises anything at all for others."""
    return msgpack.unpackb(data, **_READING)


def item_reader() -> Any:
    """Reads items that come in pieces."""
    return msgpack.Unpacker(**_READING, max_buffer_size=2 * WINDOW * (LARGEST + 64))


def _refuse(_code: int, _data: bytes) -> Any:
    raise NotPlain


_READING: Final[dict[str, Any]] = {
    "ext_hook": _refuse,
    "strict_map_key": False,
    "timestamp": 3,
    "unicode_errors": "replace",
}
