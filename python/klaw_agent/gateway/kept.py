"""Small values that stay with the session's agent until something needs a ref of Ray's for them, as Ray itself leaves small results with
their owner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ..codec import decode

if TYPE_CHECKING:
    from .entries import Entry

#: Bytes of a value that is kept, encoded, at most: where Ray's own limit is for what stays with its owner.
MOST_OF_ONE: Final = 100 * 1024
#: Bytes that one session keeps at most.
MOST_OF_ALL: Final = 64 * 1024 * 1024


class Kept:
    """A value that Ray has not been given yet. `payload` is what the client gets: as `Values.write` encodes it, without handles."""

    __slots__ = ("_room", "coming", "payload", "refused")

    def __init__(self, payload: bytes) -> None:
        self.payload = payload
        #: Where it has its place.
        self._room: Room | None = None
        #: What is born when Ray has been given the value, if a thread is about to do that.
        self.coming: Entry | None = None
        #: A thread has tried to give Ray the value, in vain: who needs it there tries again, and is told why not.
        self.refused = False

    def value(self) -> Any:
        """For `ray.put`. From any thread."""
        return decode(self.payload)

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
