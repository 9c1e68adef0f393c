"""A channel of which every receiver sees every value, in the hub."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from .nodes import count_by_node
from .published_side import PublishedSide
from .rates import Rate
from .reading import Reading
from .receiver_end import ReceiverEnd
from .runs import Run, total
from .sides import ChannelKeeper, write_ended

if TYPE_CHECKING:
    from ..wire.connection import Connection


class BroadcastChannel:
    """Nothing is kept but what somebody has still to read; receivers that are equally far share it, and nothing is copied for any of them.

    - A receiver sees what is sent from when it is added. It can be `capacity` items behind: what it is too slow for it is told the number of.
    - It ends for receivers, once they have read everything, when no sender is left. A detached one waits for new senders instead.
    - It does not end for senders while nobody receives.
    """

    #: Whether deliveries carry their count.
    counted = False
    #: Frames say that there may be more, so that receivers that are quick ask for more at a time.
    has_more = True

    def __init__(self, capacity: float, *, detached: bool, keeper: ChannelKeeper) -> None:
        self._capacity = capacity
        self._detached = detached
        self._keeper = keeper
        self._senders = PublishedSide(keeper, self._publish, self._senders_changed)
        self._readings: dict[ReceiverEnd, Reading] = {}
        self._receiver_holds = 0
        #: How many have still to take a run with handles inside.
        self._holders: dict[Run, int] = {}
        self._is_over = False
        #: Why it is over, if for no ordinary reason.
        self._reason: Exception | None = None
        self._received = 0
        self._high_water_mark = 0
        self._sent_rate = Rate()
        self._received_rate = Rate()

    # For the registry.

    @property
    def is_over(self) -> bool:
        return self._is_over

    @property
    def is_held(self) -> bool:
        return self._senders.holds + self._receiver_holds > 0

    def add_sender(self, connection: Connection, stream: int) -> None:
        if self._is_over:
            write_ended(connection, stream, self._reason)
        else:
            self._senders.add(connection, stream, len(self._readings))

    def hold_sender(self) -> None:
        self._senders.hold()

    def release_sender(self) -> None:
        self._senders.release()

    def add_receiver(self, connection: Connection, stream: int, like: int | None = None) -> None:
        self.hold_receiver()
        end = ReceiverEnd(connection, stream, self)
        reading = Reading(end, self._capacity, self._forget)
        other = None if like is None else self._reading_of(connection, like)
        self._readings[end] = reading
        if other is not None:
            for run in reading.copy_of(other, other.end.unseen):
                if run in self._holders:
                    self._holders[run] += 1
        self._senders.tell_holders(len(self._readings))
        if self._is_over:
            reading.finish(self._reason)

    def hold_receiver(self) -> None:
        self._receiver_holds += 1

    def release_receiver(self) -> None:
        self._receiver_holds -= 1
        self._tell_if_unused()

    def seal(self, error: Exception) -> None:
        self._finish(error)

    def delete(self, error: Exception) -> None:
        for reading in self._readings.values():
            reading.clear()
        self._finish(error)

    def stats(self) -> dict[str, Any]:
        return {
            "capacity": self._capacity,
            "length": max((reading.length for reading in self._readings.values()), default=0),
            "highWaterMark": self._high_water_mark,
            "senders": self._senders.holds,
            "receivers": self._receiver_holds,
            "waitingSenders": 0,
            "waitingReceivers": sum(end.awaited for end in self._readings),
            "sent": self._senders.accepted,
            "received": self._received,
            "redelivered": 0,
            "unacknowledged": 0,
            "sentRate": self._sent_rate.per_second(),
            "receivedRate": self._received_rate.per_second(),
            "nodes": count_by_node(self._senders.ends, self._readings),
        }

    # As `ReceivingSide`.

    def serve(self, end: ReceiverEnd) -> None:
        reading = self._readings.get(end)
        if reading is not None:
            reading.serve()

    def probe(self, end: ReceiverEnd, count: int) -> None:
        reading = self._readings.get(end)
        if reading is None:
            return
        reading.read(count)
        end.answer_probe()
        reading.serve()

    def delivered_ahead(self) -> None:
        """Nobody else could use it."""

    def withdraw(self, end: ReceiverEnd) -> None:
        """It does not stand in line: what is published is offered to all."""

    def taken(self, end: ReceiverEnd, runs: Sequence[Run], first: int) -> None:
        count = total(runs)
        self._received += count
        self._received_rate.add(count)
        self._forget_all(runs)

    def returned(self, end: ReceiverEnd, runs: Sequence[Run]) -> None:
        reading = self._readings.get(end)
        if reading is not None:
            reading.give_back(runs)

    def acknowledged(self, end: ReceiverEnd, sequence: int, refused: bool) -> None:
        """Nothing is delivered twice."""

    def receiver_gone(self, end: ReceiverEnd) -> None:
        self._forget_all(end.take_back())
        self._readings.pop(end).clear()
        self._senders.tell_holders(len(self._readings))
        self.release_receiver()

    # Inside.

    def _publish(self, run: Run) -> None:
        readings = self._readings
        self._sent_rate.add(run.count)
        if run.tokens is not None:
            if not readings:
                self._keeper.release_tokens(run.tokens)
            else:
                self._holders[run] = len(readings)
        mark = self._high_water_mark
        for reading in readings.values():
            reading.publish(run)
            mark = max(mark, reading.length)
        self._high_water_mark = mark

    def _reading_of(self, connection: Connection, stream: int) -> Reading | None:
        for end, reading in self._readings.items():
            if end.stream == stream and end.connection is connection:
                return reading
        return None

    def _senders_changed(self) -> None:
        if self._senders.holds > 0:
            return
        if not self._detached:
            self._finish(None)
        self._tell_if_unused()

    def _finish(self, error: Exception | None) -> None:
        """Nothing will be sent any more: what is there can still be read, and then comes the end."""
        if self._is_over:
            return
        self._is_over = True
        self._reason = error
        self._senders.end(error)
        for reading in list(self._readings.values()):
            reading.finish(error)

    def _tell_if_unused(self) -> None:
        if not self.is_held:
            self._keeper.unused()

    def _forget_all(self, runs: Iterable[Run]) -> None:
        for run in runs:
            self._forget(run)

    def _forget(self, run: Run) -> None:
        """One receiver is done with the run."""
        if run.tokens is None:
            return
        left = self._holders[run] - 1
        if left > 0:
            self._holders[run] = left
        else:
            del self._holders[run]
            self._keeper.release_tokens(run.tokens)
