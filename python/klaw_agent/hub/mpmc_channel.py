"""A channel that many send to and many receive from, in the hub."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ..wire.frame import Frame
from .credit_recall import CreditRecall
from .item_queue import ItemQueue
from .item_recall import ItemRecall
from .nodes import count_by_node
from .rates import Rate
from .receiver_end import ReceiverEnd
from .runs import Run, read_run, total
from .sender_end import SenderEnd
from .sides import ChannelKeeper
from .slots import Slots
from .unacknowledged import Unacknowledged

if TYPE_CHECKING:
    from ..wire.connection import Connection

#: From this capacity on, a few slots more or less make no difference to anybody.
_LARGE_CAPACITY: Final = 1024
#: Slots that are handed out together in a channel that is so large.
_CHUNK: Final = 64


class MpmcOptions(NamedTuple):
    #: Infinite: sends never wait.
    capacity: float
    #: Items are delivered again until they are acknowledged.
    ack: bool
    #: Milliseconds, possibly infinite.
    ack_timeout: float
    #: The channel stays open to senders while nobody receives.
    detached: bool


class MpmcChannel:
    """Capacity, items, who holds either side, and the rules for closing.

    - An item holds its slot from before it is accepted until it has been taken, or acknowledged where that is asked for. What was delivered
      to an end and not taken comes back when the end closes.
    - It is over for receivers when nobody can send and nothing is left, neither here nor with an end.
    - It is over for senders when nobody can receive: no end, no token, and it is not detached. What is there is dropped.
    """

    def __init__(self, options: MpmcOptions, keeper: ChannelKeeper) -> None:
        #: Whether deliveries carry their count.
        self.counted = options.ack
        self.slots = Slots(options.capacity)
        #: How many slots are granted together, unless somebody has waited for a while.
        self.chunk = _CHUNK if options.capacity >= _LARGE_CAPACITY else 1
        self._detached = options.detached
        self._keeper = keeper
        self._senders: dict[SenderEnd, None] = {}
        self._receivers: dict[ReceiverEnd, None] = {}
        self._queue = ItemQueue()
        self._credits = CreditRecall(self.slots, self._senders.keys(), self._lent)
        self._items = ItemRecall(self._queue, self._receivers)
        self._unacknowledged = Unacknowledged(options.ack_timeout / 1000, self._expired) if options.ack else None
        #: Ends and tokens.
        self._sender_holds = 0
        self._receiver_holds = 0
        self._accepted = 0
        self._received = 0
        self._redelivered = 0
        self._high_water_mark = 0
        #: Items that hold a slot: here, with an end, or unacknowledged.
        self._open = 0
        self._is_sealed = False
        self._is_over = False
        #: Why it is sealed or over, if for no ordinary reason.
        self._reason: Exception | None = None
        self._sent_rate = Rate()
        self._received_rate = Rate()

    # For the registry.

    @property
    def is_over(self) -> bool:
        """Nobody can send any more, or nobody receive; whoever opens it next gets a new one."""
        return self._is_over or self._is_sealed

    @property
    def is_held(self) -> bool:
        return self._sender_holds + self._receiver_holds > 0

    def hold_sender(self) -> None:
        self._sender_holds += 1

    def release_sender(self) -> None:
        self._sender_holds -= 1
        self._tell_if_over()
        self._tell_if_unused()

    def hold_receiver(self) -> None:
        self._receiver_holds += 1

    def release_receiver(self) -> None:
        self._receiver_holds -= 1
        if self._receiver_holds == 0 and not self._detached:
            self._abandoned()
        self._tell_if_unused()

    def add_sender(self, connection: Connection, stream: int) -> None:
        end = SenderEnd(connection, stream, self)
        self.hold_sender()
        if self.is_over:
            end.end(self._reason)
            self.release_sender()
        else:
            self._senders[end] = None

    def add_receiver(self, connection: Connection, stream: int, like: int | None = None) -> None:
        end = ReceiverEnd(connection, stream, self)
        self.hold_receiver()
        self._receivers[end] = None
        if self._is_over:
            end.end(self._reason)

    def seal(self, error: Exception) -> None:
        """Nothing more can be sent; what is there can still be received, then receivers end with `error`. Idempotent."""
        if self.is_over:
            return
        self._is_sealed = True
        self._reason = error
        ended = self._end_senders()
        self._tell_if_over()
        if ended:
            self._tell_if_unused()

    def delete(self, error: Exception) -> None:
        """Ends the channel for everybody."""
        self._is_over = True
        self._reason = error
        ended = self._end_senders()
        self._drop(self._queue.drain())
        if self._unacknowledged is not None:
            self._drop(self._unacknowledged.clear())
        self._stop()
        self._queue.holding.clear()
        for end in self._receivers:
            self._drop(end.take_back())
            end.end(error)
        if ended:
            self._tell_if_unused()

    def stats(self) -> dict[str, Any]:
        """`ChannelStats` of `src/core/ports.ts`, and `sentRate`, `receivedRate` (items a second) and `nodes`."""
        return {
            "capacity": self.slots.capacity,
            "length": self._length,
            "highWaterMark": self._high_water_mark,
            "senders": self._sender_holds,
            "receivers": self._receiver_holds,
            "waitingSenders": sum(end.waiting for end in self._senders),
            "waitingReceivers": sum(end.awaited for end in self._receivers),
            "sent": self._accepted,
            "received": self._received,
            "redelivered": self._redelivered,
            "unacknowledged": 0 if self._unacknowledged is None else self._unacknowledged.size,
            "sentRate": self._sent_rate.per_second(),
            "receivedRate": self._received_rate.per_second(),
            "nodes": count_by_node(self._senders, self._receivers),
        }

    # For its sending ends.

    @property
    def allowance(self) -> float:
        """How many slots an end may hold beyond what it waits for."""
        capacity = self.slots.capacity
        if capacity == math.inf:
            return capacity
        return capacity // ((4 if capacity < _LARGE_CAPACITY else 2) * max(1, len(self._senders)))

    def accept(self, frame: Frame) -> int:
        run = read_run(frame, self._accepted)
        count = run.count
        self._accepted += count
        self._open += count
        if run.tokens is not None:
            self._keeper.accept_tokens(run.tokens)
        self._queue.push(run)
        if self._length > self._high_water_mark:
            self._high_water_mark = self._length
        self._sent_rate.add(count)
        return count

    def attempt(self, end: SenderEnd, count: int) -> None:
        self._credits.attempt(end, count)

    def starved(self) -> None:
        self._credits.starved()

    def recalled(self, end: SenderEnd) -> None:
        self._credits.answered(end)

    def sender_gone(self, end: SenderEnd) -> None:
        self._senders.pop(end, None)
        self._credits.gone(end)
        self.release_sender()

    # For its receiving ends.

    @property
    def has_more(self) -> bool:
        """Whether there are items that nobody has asked for."""
        return self._queue.length > 0

    def serve(self, end: ReceiverEnd) -> None:
        if self._is_over:
            return
        self._queue.serve(end)
        if self._queue.has_waiting:
            self._items.starved()

    def probe(self, end: ReceiverEnd, count: int) -> None:
        if self._is_over or self._queue.give(end, count):
            end.answer_probe()
        else:
            self._items.probe(end, count)

    def delivered_ahead(self) -> None:
        if self._queue.has_waiting:
            self._items.starved()

    def withdraw(self, end: ReceiverEnd) -> None:
        self._queue.withdraw(end)

    def taken(self, end: ReceiverEnd, runs: Sequence[Run], first: int) -> None:
        count = total(runs)
        self._received += count
        self._received_rate.add(count)
        self._holds_less(end)
        if self._unacknowledged is None:
            self._settle(runs, count)
        else:
            self._unacknowledged.add(end, first, runs)

    def returned(self, end: ReceiverEnd, runs: Sequence[Run]) -> None:
        for run in runs:
            run.deliveries -= 1
        self._holds_less(end)
        self._queue.put_back(runs)
        self._items.answered(end)

    def acknowledged(self, end: ReceiverEnd, sequence: int, refused: bool) -> None:
        item = None if self._unacknowledged is None else self._unacknowledged.remove(end, sequence)
        if item is None:
            return
        if refused:
            self._expired([item])
        else:
            self._settle([item], 1)

    def receiver_gone(self, end: ReceiverEnd) -> None:
        del self._receivers[end]
        untaken = end.take_back()
        self._holds_less(end)
        for run in untaken:
            run.deliveries -= 1
        unacknowledged = [] if self._unacknowledged is None else self._unacknowledged.remove_all(end)
        self._redelivered += len(unacknowledged)
        self._queue.put_back([*unacknowledged, *untaken])
        self._items.gone(end)
        self.release_receiver()

    # Inside.

    def _lent(self) -> float:
        return self.slots.capacity - self.slots.available - self._open

    @property
    def _length(self) -> int:
        return self._open - (0 if self._unacknowledged is None else self._unacknowledged.size)

    def _holds_less(self, end: ReceiverEnd) -> None:
        if end.untaken == 0:
            self._queue.holding.discard(end)

    def _expired(self, items: list[Run]) -> None:
        """Each is one item that was taken and has to be delivered again."""
        self._redelivered += len(items)
        self._queue.put_back(items)

    def _settle(self, runs: Iterable[Run], count: int) -> None:
        """They are done with."""
        self._open -= count
        self._release_tokens(runs)
        self.slots.release(count)
        if self._open == 0:
            self._tell_if_over()

    def _drop(self, runs: Sequence[Run]) -> None:
        """Nobody will get them, and nobody waits for their slots."""
        self._open -= total(runs)
        self._release_tokens(runs)

    def _release_tokens(self, runs: Iterable[Run]) -> None:
        for run in runs:
            if run.tokens is not None:
                self._keeper.release_tokens(run.tokens)

    def _abandoned(self) -> None:
        """Nobody can receive any more."""
        self._is_over = True
        self._end_senders()
        self._drop(self._queue.drain())
        self._stop()

    def _end_senders(self) -> bool:
        """Whether there were any. Their holds are gone, and whoever called sees to what follows from that."""
        senders = list(self._senders)
        self._senders.clear()
        self.slots.close()
        self._credits.stop()
        for end in senders:
            end.end(self._reason)
        self._sender_holds -= len(senders)
        return bool(senders)

    def _tell_if_over(self) -> None:
        if self._is_over or self._open > 0 or (self._sender_holds > 0 and not self._is_sealed):
            return
        self._is_over = True
        self._stop()
        for end in self._receivers:
            end.end(self._reason)

    def _tell_if_unused(self) -> None:
        if self.is_held:
            return
        self._stop()
        self._keeper.unused()

    def _stop(self) -> None:
        self._credits.stop()
        self._items.stop()
        if self._unacknowledged is not None:
            self._unacknowledged.stop()
