"""A channel that holds the latest value, in the hub."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import ChannelClosed
from .follower import Follower
from .held_value import HeldValue
from .nodes import count_by_node
from .published_side import PublishedSide
from .rates import Rate
from .runs import Run
from .sides import ChannelKeeper, write_ended

if TYPE_CHECKING:
    from ..wire.connection import Connection


class WatchChannel:
    """Everybody who follows it is brought up to date, skipping what is outdated by then.

    - Values are numbered from 1; this number is the value's version.
    - It ends for those who follow it, once they have the last value, when no sender is left. A detached one waits for new senders instead.
    """

    def __init__(self, *, detached: bool, keeper: ChannelKeeper) -> None:
        self.version = 0
        self._detached = detached
        self._keeper = keeper
        self._senders = PublishedSide(keeper, self._publish, self._senders_changed)
        self._followers: dict[Follower, None] = {}
        self._receivers = 0
        self._receiver_holds = 0
        self._latest: HeldValue | None = None
        self._is_over = False
        #: Why it is over, if for no ordinary reason.
        self._reason: Exception | None = None
        self._received = 0
        self._sent_rate = Rate()
        self._received_rate = Rate()

    # For the registry.

    @property
    def is_over(self) -> bool:
        return self._is_over

    @property
    def is_held(self) -> bool:
        return self._senders.holds + self._receiver_holds > 0

    @property
    def has_value(self) -> bool:
        """Whether it has a value yet: whoever opens it first brings one."""
        return self._latest is not None

    def store(self, expected: int | None, run: Run) -> int:
        """Replaces the value of version `expected`, or whatever it is. Returns the new version; 0, and nothing happens, if it is another
        one by now. Raises `ChannelClosed` when nothing can be sent any more."""
        if self._is_over:
            raise self._reason or ChannelClosed("the channel is closed")
        if expected is not None and expected != self.version:
            return 0
        if run.tokens is not None:
            self._keeper.accept_tokens(run.tokens)
        self._publish(run)
        return self.version

    def add_sender(self, connection: Connection, stream: int) -> None:
        if self._is_over:
            write_ended(connection, stream, self._reason)
        else:
            self._senders.add(connection, stream, self._receivers)

    def hold_sender(self) -> None:
        self._senders.hold()

    def release_sender(self) -> None:
        self._senders.release()

    def add_receiver(self, connection: Connection, stream: int, like: int | None = None) -> None:
        self.hold_receiver()
        self._receivers += 1
        self._follow(Follower(connection, stream, self, is_receiver=True))
        self._senders.tell_holders(self._receivers)

    def add_follower(self, connection: Connection, stream: int) -> None:
        """A sender that wants to know the latest value: it does not count as a receiver."""
        self._follow(Follower(connection, stream, self, is_receiver=False))

    def hold_receiver(self) -> None:
        self._receiver_holds += 1

    def release_receiver(self) -> None:
        self._receiver_holds -= 1
        self._tell_if_unused()

    def seal(self, error: Exception) -> None:
        self._finish(error)

    def delete(self, error: Exception) -> None:
        self._forget_latest()
        self._finish(error)

    def stats(self) -> dict[str, Any]:
        return {
            "capacity": 1,
            "length": 0 if self._latest is None else 1,
            "highWaterMark": 0 if self.version == 0 else 1,
            "senders": self._senders.holds,
            "receivers": self._receiver_holds,
            "waitingSenders": 0,
            "waitingReceivers": 0,
            "sent": self.version,
            "received": self._received,
            "redelivered": 0,
            "unacknowledged": 0,
            "sentRate": self._sent_rate.per_second(),
            "receivedRate": self._received_rate.per_second(),
            "nodes": count_by_node(self._senders.ends, [end for end in self._followers if end.is_receiver]),
        }

    # For its followers.

    def update(self, follower: Follower) -> None:
        """The follower is ready for the next value."""
        latest = self._latest
        if latest is not None and follower.version != self.version:
            follower.push(latest, self.version)

    def arrived(self, follower: Follower) -> None:
        """A value that was pushed is there."""
        if follower.is_receiver:
            self._received += 1
            self._received_rate.add(1)

    def follower_gone(self, follower: Follower) -> None:
        del self._followers[follower]
        if follower.is_receiver:
            self._receivers -= 1
            self._senders.tell_holders(self._receivers)
            self.release_receiver()

    # Inside.

    def _follow(self, follower: Follower) -> None:
        self._followers[follower] = None
        self.update(follower)
        if self._is_over:
            follower.end(self._reason)

    def _publish(self, run: Run) -> None:
        # Of several only the last can be seen. None of them has handles inside: a run with handles is one item.
        count = run.count
        if count > 1:
            _, run = run.cut(count - 1)
        self._forget_latest()
        self._latest = HeldValue(run, self._keeper)
        self.version += count
        self._sent_rate.add(count)
        for follower in self._followers:
            if not follower.is_busy:
                self.update(follower)

    def _forget_latest(self) -> None:
        latest, self._latest = self._latest, None
        if latest is not None:
            latest.release()

    def _senders_changed(self) -> None:
        if self._senders.holds > 0:
            return
        if not self._detached:
            self._finish(None)
        self._tell_if_unused()

    def _finish(self, error: Exception | None) -> None:
        """Nothing will be sent any more: everybody gets the last value, and then the end."""
        if self._is_over:
            return
        self._is_over = True
        self._reason = error
        self._senders.end(error)
        for follower in self._followers:
            self.update(follower)
            follower.end(error)

    def _tell_if_unused(self) -> None:
        if self.is_held:
            return
        if not self._detached or self._is_over:
            self._forget_latest()
        self._keeper.unused()
