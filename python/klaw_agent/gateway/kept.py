"""Small values that stay with the session's agent until something needs a ref of Ray's for them, as Ray itself leaves small results with
their owner."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import ray.exceptions

from ..codec import decode
from .ray_errors import plain

if TYPE_CHECKING:
    from .entries import Entry

#: Bytes of a value that is kept, encoded, at most: where Ray's own limit is for what stays with its owner.
MOST_OF_ONE: Final = 100 * 1024
#: Bytes that one session keeps at most.
MOST_OF_ALL: Final = 64 * 1024 * 1024


class Kept:
    """A value, or what was raised in its place, that Ray has not been given yet.

    `payload` is what the client gets: the value, or, if `failed`, the error, as `Values.write` encodes it, without handles. `read` makes
    the value, or the error, for Ray, in any thread; without it, that is what the payload says.
    """

    __slots__ = ("_read", "_room", "coming", "failed", "payload", "refused")

    def __init__(self, payload: bytes, *, failed: bool = False, read: Callable[[], object] | None = None) -> None:
        self.payload = payload
        self.failed = failed
        self._read = read
        #: Where it has its place.
        self._room: Room | None = None
        #: What is born when Ray has been given the value, if a thread is about to do that.
        self.coming: Entry | None = None
        #: A thread has tried to give Ray the value, in vain: who needs it there tries again, and is told why not.
        self.refused = False

    def value(self) -> Any:
        """For `ray.put`. From any thread."""
        value = decode(self.payload) if self._read is None else self._read()
        return as_task_error(value) if self.failed else value

    def enter(self, room: Room) -> bool:
        """Takes its place; False when there is none."""
        size = len(self.payload)
        if size > MOST_OF_ONE or size > room.left:
            return False
        room.left -= size
        self._room = room
        return True

    def leave(self) -> None:
        """Gives its place back. Whoever still knows the value may use it. Idempotent."""
        room, self._room = self._room, None
        if room is not None:
            room.left += len(self.payload)


class Room:
    """How many bytes one session may still keep. Lives on the event loop."""

    __slots__ = ("left",)

    def __init__(self, most: int = MOST_OF_ALL) -> None:
        self.left = most


def as_task_error(failure: Any) -> Any:
    """For `ray.put`: of all errors Ray raises only those of tasks to who gets the object."""
    if isinstance(failure, ray.exceptions.RayTaskError):
        return failure
    cause = failure if isinstance(failure, Exception) else RuntimeError(plain(failure))
    return ray.exceptions.RayTaskError("a call", plain(cause), cause)
