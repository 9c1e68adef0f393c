"""The sending end of a channel on the wire: items leave in batches, under credits. The counterpart of `src/wire/sender-stream.ts`."""

from __future__ import annotations

import struct
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from klaw_agent.wire import frame as frames
from klaw_agent.wire.frame import Frame, write_header
from klaw_agent.wire.items import Token

from .credits import Credits
from .pending import Pending

if TYPE_CHECKING:
    from .client import Buffer, Client

#: The smallest and the largest number of slots held in advance.
_SMALLEST_WINDOW: Final = 16
_LARGEST_WINDOW: Final = 4096
#: Seconds; a sender that runs dry again this soon asks for twice as much in advance.
_DRY_TIME: Final = 0.002
#: A frame is complete at this many bytes.
_FULL: Final = 256 * 1024
_MASK: Final = 0xFFFFFFFF


class Batch:
    """Items that leave in one frame, at the place of the first of them."""

    __slots__ = ("first", "items", "size", "stream")

    def __init__(self, stream: SenderStream, first: int) -> None:
        self.stream = stream
        self.first = first
        self.items: list[bytes] = []
        self.size = 0

    def emit(self, out: list[Buffer]) -> None:
        self.stream.emitted(self)
        items = self.items
        count = len(items)
        head = struct.pack(f"<{count + 2}I", self.first, count, *map(len, items))
        out.append(write_header(frames.SEND, 0, self.stream.number, len(head) + self.size) + head)
        out.extend(items)


class Attempt(Pending):
    """Waits for the answer to "that many slots now, or none"."""

    __slots__ = ("granted", "held", "is_answered", "stream")

    def __init__(self, stream: SenderStream, held: int) -> None:
        super().__init__()
        self.stream = stream
        #: Slots that were here already.
        self.held = held
        self.granted = 0
        self.is_answered = False

    def leave(self) -> None:
        held, self.held = self.held, 0
        granted, self.granted = self.granted, 0
        self.stream.give_back(held + granted)
        # What the hub still grants goes straight back.
        self.stream.forget(self)


class SenderStream:
    """All methods are called with the lock held. `ended` and `lost` tell the owner."""

    def __init__(
        self,
        client: Client,
        number: int,
        capacity: float,
        *,
        ended: Callable[[memoryview], None],
        lost: Callable[[Exception, int], None],
        holders: Callable[[int], None] | None = None,
    ) -> None:
        self.number = number
        #: The slots that this end holds, and those who wait for one.
        self.credits = Credits()
        self._client = client
        self._ended = ended
        self._lost = lost
        self._holders = holders
        self._largest_window = int(min(_LARGEST_WINDOW, capacity // 4))
        self._batch: Batch | None = None
        self._sequence = 0
        #: Items that the hub says it has accepted.
        self._accepted = 0
        #: Slots that it would like to hold at any time. The hub sees what is used and fills up by itself.
        self._window = 0
        #: All credits that have come without being attempts: it tells the hub which ones are under way.
        self._received = 0
        self._last_credit = 0.0
        self._attempts: deque[Attempt | None] = deque()
        self.is_closed = False
        client.add_stream(number, self)

    def commit(self, data: bytes, tokens: Sequence[Token] = ()) -> None:
        """An item leaves, under a credit that the caller has acquired."""
        if self.is_closed:
            return
        sequence = self._sequence
        self._sequence = (sequence + 1) & _MASK
        if tokens:
            self._commit_alone(sequence, data, tokens)
            return
        batch = self._batch
        if batch is None or batch.size >= _FULL or batch.size + len(data) > _ROOM:
            batch = self._batch = Batch(self, sequence)
            self._client.put(batch)
        batch.items.append(data)
        batch.size += len(data)

    def seal(self) -> None:
        """What comes next must not leave together with what was committed so far."""
        self._batch = None

    def emitted(self, batch: Batch) -> None:
        """The batch leaves: what comes next needs another one."""
        if self._batch is batch:
            self._batch = None

    def ask(self) -> None:
        """Somebody has got in line. Who runs dry soon after it got some is given more at a time."""
        dry = time.monotonic() - self._last_credit < _DRY_TIME
        self._window = min(max(self._window * 2, _SMALLEST_WINDOW), self._largest_window) if dry else self._window >> 1
        self._want()

    def withdraw(self) -> None:
        """Somebody who waited does so no longer."""
        if not self.is_closed:
            self._want()
        self._return_surplus()

    def attempt(self, count: int) -> Attempt | bool:
        """All of `count` credits now, or none: true or false if that is known here, else the answer to wait for."""
        held = self.credits
        if held.waiting > 0 or self.is_closed or held.is_closed:
            return False
        if held.try_acquire(count):
            return True
        attempt = Attempt(self, held.take_back())
        self._attempts.append(attempt)
        self._client.write(frames.WANT, frames.ATTEMPT, self.number, count - attempt.held)
        return attempt

    def attempted(self, attempt: Attempt, count: int) -> bool:
        """Whether the attempt, which has been answered, worked; what it brought is the caller's then."""
        held, attempt.held = attempt.held, 0
        granted, attempt.granted = attempt.granted, 0
        if granted > 0 and not self.is_closed:
            return True
        # Slots that were asked for in advance may have come meanwhile.
        self.credits.release(held)
        acquired = not self.is_closed and self.credits.try_acquire(count)
        self._return_surplus()
        return acquired

    def forget(self, attempt: Attempt) -> None:
        """Nobody waits for that answer any more."""
        for index, waiting in enumerate(self._attempts):
            if waiting is attempt:
                self._attempts[index] = None

    def give_back(self, count: int) -> None:
        """Credits that were acquired and not used go to those who wait, or back to the hub."""
        if count > 0:
            self.credits.release(count)
        self._return_surplus()

    def return_idle(self) -> None:
        """Gives back all credits that nobody uses."""
        if self.credits.waiting == 0 and not self.is_closed:
            self._return(self.credits.take_back())

    def close(self) -> None:
        """Nothing more will be sent. What was committed still arrives."""
        if not self.is_closed:
            self.seal()
            self._client.write(frames.CLOSE_END, 0, self.number)
            self._end()

    def abandon(self) -> None:
        """The end never came about: the hub does not know of it."""
        self._end()

    def frame(self, frame: Frame) -> None:
        if frame.type == frames.CREDIT:
            granted = frame.uint32()
            if frame.position < len(frame.body):
                self._accepted = frame.uint32()
            self._credit(granted, bool(frame.flags & frames.ATTEMPT))
        elif frame.type == frames.RECALL_CREDIT:
            count = 0 if self.credits.waiting > 0 else self.credits.take_back()
            self._window >>= 1
            self._client.write(frames.RETURN_CREDIT, frames.ATTEMPT, self.number, count)
        elif frame.type == frames.HOLDERS:
            if self._holders is not None:
                self._holders(frame.uint32())
        elif frame.type == frames.ENDED:
            self._end()
            self._ended(frame.rest())

    def report(self) -> None:
        """The hub knows everything that it has to."""

    def lost(self, error: Exception) -> None:
        unconfirmed = (self._sequence - self._accepted) & _MASK
        self._end()
        self._lost(error, unconfirmed)

    def _commit_alone(self, sequence: int, data: bytes, tokens: Sequence[Token]) -> None:
        self.seal()
        numbers = [number for token in tokens for number in token]
        head = struct.pack(f"<{4 + len(numbers)}I", sequence, 1, len(data), len(tokens), *numbers)
        self._client.put_bytes(
            write_header(frames.SEND, frames.TOKENS, self.number, len(head) + len(data)) + head + data
        )

    def _credit(self, granted: int, is_attempt: bool) -> None:
        if not is_attempt:
            self._received = (self._received + granted) & _MASK
            self._last_credit = time.monotonic()
            self.credits.release(granted)
            self._return_surplus()
            return
        attempt = self._attempts.popleft() if self._attempts else None
        if attempt is None:
            self._return(granted)
            return
        attempt.granted = granted
        attempt.settle()

    def _want(self) -> None:
        held = self.credits
        missing = max(0, held.wanted - held.available)
        self._client.write(frames.WANT, 0, self.number, missing, self._window, held.waiting, self._received)

    def _return_surplus(self) -> None:
        surplus = self.credits.available - self._window
        if surplus > 0 and self.credits.waiting == 0 and not self.is_closed:
            self.credits.available -= surplus
            self._return(surplus)

    def _return(self, count: int) -> None:
        if count > 0 and not self.is_closed:
            self._client.write(frames.RETURN_CREDIT, 0, self.number, count)

    def _end(self) -> None:
        self.is_closed = True
        self._client.remove_stream(self.number)
        for attempt in self._attempts:
            if attempt is not None:
                attempt.settle()
        self._attempts.clear()


#: Bytes of items that one frame holds at most.
_ROOM: Final = 1024 * 1024
