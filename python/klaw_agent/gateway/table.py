"""Which number stands for what, and how often the client counts it (docs/gateway.md, "by number")."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from ..errors import RayError
from ..wire.frame import FrameError
from .entries import ActorEntry, Entry, ObjectEntry, StreamEntry

#: The client numbers what it makes below this, the agent what it shows from this on.
FIRST_OF_AGENT = 2**31

_Kind = TypeVar("_Kind", bound=Entry)


class NumberTaken(FrameError):
    """The client has used a number twice, or one that is not its own: the connection can not go on."""


class Table:
    """The numbers of one session. Ray counts what stands behind them for as long as an entry is held by anyone."""

    def __init__(self) -> None:
        self._entries: dict[int, Entry] = {}
        self._by_id: dict[bytes, Entry] = {}
        self._next = FIRST_OF_AGENT

    def __len__(self) -> int:
        return len(self._entries)

    def make_object(self, number: int) -> ObjectEntry:
        """An object of the client's own, which counts 1 from now on and is yet to be born."""
        return self._make(ObjectEntry(number))

    def make_actor(self, number: int) -> ActorEntry:
        return self._make(ActorEntry(number))

    def make_stream(self, number: int) -> StreamEntry:
        return self._make(StreamEntry(number))

    def _make(self, entry: _Kind) -> _Kind:
        number = entry.number
        if not 0 <= number < FIRST_OF_AGENT or number in self._entries:
            raise NumberTaken(f"{number} is taken, or not the client's to give")
        self._entries[number] = entry
        return entry

    def object(self, number: int) -> ObjectEntry:
        return self._find(number, ObjectEntry, "object")

    def actor(self, number: int) -> ActorEntry:
        return self._find(number, ActorEntry, "actor")

    def stream(self, number: int) -> StreamEntry:
        return self._find(number, StreamEntry, "stream")

    def entry(self, number: int) -> Entry:
        """Whatever has that number."""
        return self._find(number, Entry, "object or actor")

    def _find(self, number: int, kind: type[_Kind], what: str) -> _Kind:
        entry = self._entries.get(number)
        if not isinstance(entry, kind):
            raise RayError(f"the {what} is not held any more: its last handle was disposed of or collected")
        return entry

    def identify(self, entry: Entry, identity: bytes) -> None:
        """Ray has said who the entry is; the first to be so is what others of that identity go by."""
        entry.identity = identity
        if entry.count > 0:
            self._by_id.setdefault(identity, entry)

    def known(self, identity: bytes) -> Entry | None:
        return self._by_id.get(identity)

    def add(self, entry: Entry, identity: bytes) -> None:
        """Gives a number of the agent's to something that the client has not seen. It counts 0 until it is shown."""
        entry.number = self._next
        entry.count = 0
        entry.identity = identity
        self._next += 1
        self._entries[entry.number] = entry
        self._by_id[identity] = entry

    def release(self, number: int, counts: int) -> None:
        """The client gives up so many counts. Releasing what is gone, or more than there is, does no harm."""
        entry = self._entries.get(number)
        if entry is not None:
            self.uncount(entry, counts)

    def uncount(self, entry: Entry, counts: int) -> None:
        entry.count -= counts
        if entry.count > 0 or self._entries.get(entry.number) is not entry:
            return
        del self._entries[entry.number]
        if entry.identity is not None and self._by_id.get(entry.identity) is entry:
            del self._by_id[entry.identity]
        entry.released()

    def entries(self) -> Iterable[Entry]:
        return list(self._entries.values())

    def clear(self) -> None:
        """The session is over: everything that it held is let go."""
        entries, self._entries = self._entries, {}
        self._by_id.clear()
        for entry in entries.values():
            entry.released()
