"""This side's stream of bytes over all lanes of a connection: what waits for a lane, and what the peer has not confirmed."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final

Buffer = bytes | memoryview

#: Bytes that may be under way without the peer's word that it has them.
MOST_UNCONFIRMED: Final = 64 * 1024 * 1024
#: A transport copies what it cannot send at once, so a lane gets no more than this at a time.
PIECE: Final = 256 * 1024
#: Buffers below this are joined, to be sent in one call.
_JOINED: Final = 32 * 1024


class Outgoing:
    """Chunks of whole frames in, pieces of any size out. Large buffers are kept by reference until they are confirmed."""

    def __init__(self, most_unconfirmed: int = MOST_UNCONFIRMED) -> None:
        self._most_unconfirmed = most_unconfirmed
        #: Given to a lane and not confirmed, the oldest first; and where in the stream the first of them starts.
        self._kept: deque[Buffer] = deque()
        self._start = 0
        #: What the current lane has to get once more, because another one broke.
        self._again: deque[Buffer] = deque()
        #: What is left of a chunk that has begun: nothing else may come before it.
        self._rest: deque[Buffer] = deque()
        #: A chunk in several buffers is a list of them.
        self._waiting: deque[Buffer | list[Buffer]] = deque()
        #: Bytes that have not been given to any lane.
        self.size = 0
        #: Bytes that were given to some lane so far, and that the peer has confirmed.
        self.sent = 0
        self.confirmed = 0

    def put(self, buffers: Iterable[Buffer]) -> None:
        """Takes whole frames. Nobody may change the buffers until they are confirmed."""
        parts = [_as_bytes(buffer) for buffer in buffers]
        size = sum(map(len, parts))
        if size == 0:
            return
        self.size += size
        if len(parts) == 1:
            self._waiting.append(parts[0])
        elif size < _JOINED:
            self._waiting.append(b"".join(parts))
        else:
            self._waiting.append(parts)

    @property
    def is_between_frames(self) -> bool:
        """Whether what a lane gets next is the beginning of a frame."""
        return not self._again and not self._rest

    @property
    def has_next(self) -> bool:
        """Whether there is anything that a lane has to get."""
        return bool(self._again or self._rest or self._waiting)

    @property
    def is_free(self) -> bool:
        """Whether few enough bytes are under way to begin with another chunk."""
        return self.sent - self.confirmed <= self._most_unconfirmed

    def next(self, limited: bool = True) -> Buffer | None:
        """What the lane gets next; None when there is nothing, or nothing more for now. `limited` false: in any case."""
        if self._again:
            return self._again.popleft()
        if self._rest:
            piece = self._next_of_rest()
        # A chunk that has begun goes on whatever its length: two sides that waited in the middle of one, each for what the
        # other confirms, would wait for ever.
        elif not self._waiting or (limited and not self.is_free):
            return None
        else:
            piece = self._next_waiting()
        self.size -= len(piece)
        return self.keep(piece)

    def keep(self, piece: Buffer) -> Buffer:
        """Counts a piece that the lane gets now. Of frames that overtake all others: only between frames."""
        self._kept.append(piece)
        self.sent += len(piece)
        return piece

    def confirm(self, position: int) -> bool:
        """The peer has the stream up to there, if not further. False if that can not be."""
        if position > self.sent:
            return False
        # Confirmations that were sent once more, since their lane broke, are behind what the hello has said.
        self.confirmed = max(self.confirmed, position)
        kept = self._kept
        while kept and self._start + len(kept[0]) <= position:
            self._start += len(kept.popleft())
        return True

    def resume(self, position: int) -> bool:
        """A new lane continues where the peer is. False if that can not be."""
        if position < self.confirmed or not self.confirm(position):
            return False
        self._again = deque(self._kept)
        if position > self._start:
            self._again[0] = memoryview(self._again[0])[position - self._start :]
        return True

    def clear(self) -> None:
        """Drops everything."""
        for queue in (self._kept, self._again, self._rest, self._waiting):
            queue.clear()
        self.size = 0

    def _next_of_rest(self) -> Buffer:
        rest = self._rest
        first = rest.popleft()
        if len(first) > PIECE:
            view = memoryview(first)
            rest.appendleft(view[PIECE:])
            return view[:PIECE]
        if len(first) >= _JOINED or not rest:
            return first
        small = [first]
        size = len(first)
        while rest and len(rest[0]) < _JOINED and size + len(rest[0]) <= PIECE:
            small.append(rest.popleft())
            size += len(small[-1])
        return b"".join(small)

    def _next_waiting(self) -> Buffer:
        waiting = self._waiting
        first = waiting.popleft()
        if isinstance(first, list):
            self._rest.extend(first)
            return self._next_of_rest()
        if len(first) > PIECE:
            self._rest.append(first)
            return self._next_of_rest()
        size = len(first)
        if size >= _JOINED or not waiting:
            return first
        small = [first]
        while waiting:
            following = waiting[0]
            if isinstance(following, list) or len(following) >= _JOINED or size + len(following) > PIECE:
                break
            small.append(following)
            size += len(following)
            waiting.popleft()
        return b"".join(small)


def _as_bytes(buffer: Buffer) -> Buffer:
    """The buffer with the bytes as its items, so that it can be measured and cut."""
    if isinstance(buffer, memoryview) and (buffer.itemsize != 1 or buffer.ndim != 1):
        return buffer.cast("B")
    return buffer
