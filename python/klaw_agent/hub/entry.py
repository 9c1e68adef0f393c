"""One channel of the registry, and its two sides as tokens hold them."""

from __future__ import annotations

import asyncio
from typing import Final, Protocol

from ..wire.items import Token
from .channel_spec import ChannelSpec
from .circles import Circles
from .session import Session
from .sides import HubChannel

SENDER: Final = "sender"
RECEIVER: Final = "receiver"
#: The end by which a watch's sender follows the value.
FOLLOWER: Final = "follower"


class Entry:
    """A channel, and what the registry knows about it. `channel` is set right after it was made."""

    def __init__(self, identifier: str, spec: ChannelSpec) -> None:
        self.id = identifier
        self.spec = spec
        self.channel: HubChannel
        #: The session that it ends with.
        self.maker: Session | None = None
        #: Runs while nobody holds it and it has a time to live.
        self.expiry: asyncio.TimerHandle | None = None
        #: Another one has taken its name: it was over.
        self.is_replaced = False
        self.is_removed = False
        #: Made when a token first stands for them.
        self.sides: dict[str, Side] = {}

    @property
    def is_temporary(self) -> bool:
        """Whether it goes with its last holder."""
        return not self.spec.is_detached or self.is_replaced

    @property
    def carriers(self) -> list[Entry]:
        """The channels in whose items there are tokens that hold it; one for each such token."""
        return [carrier for side in self.sides.values() for carrier in side.carriers.values()]

    def stop_expiry(self) -> None:
        if self.expiry is not None:
            self.expiry.cancel()
            self.expiry = None


class Attacher(Protocol):
    """Opens ends of channels."""

    def attach(self, session: Session, identifier: str, side: str, stream: int, like: int | None = None) -> None: ...


class Side:
    """A side of a channel, which tokens hold. See `Leasable`."""

    def __init__(self, entry: Entry, side: str, attacher: Attacher, circles: Circles) -> None:
        self.spent: set[Token] = set()
        #: The channel of each item that holds it.
        self.carriers: dict[Token, Entry] = {}
        self._entry = entry
        self._side = side
        self._attacher = attacher
        self._circles = circles

    @property
    def is_gone(self) -> bool:
        return self._entry.is_removed

    def retain(self) -> None:
        self._entry.stop_expiry()
        channel = self._entry.channel
        if self._side == SENDER:
            channel.hold_sender()
        else:
            channel.hold_receiver()

    def release(self) -> None:
        channel = self._entry.channel
        if self._side == SENDER:
            channel.release_sender()
        else:
            channel.release_receiver()

    def carry(self, token: Token, carrier: Entry) -> None:
        if token not in self.carriers:
            self._circles.carried()
        self.carriers[token] = carrier

    def drop(self, token: Token) -> None:
        if self.carriers.pop(token, None) is not None:
            self._circles.dropped()

    def claim(self, session: Session, stream: int) -> None:
        self._attacher.attach(session, self._entry.id, self._side, stream)


class MissingSide:
    """A side of a channel that this hub does not have. Whoever claims it is told so."""

    is_gone = True

    def __init__(self, identifier: str, side: str, attacher: Attacher) -> None:
        self.spent: set[Token] = set()
        self._id = identifier
        self._side = side
        self._attacher = attacher

    def retain(self) -> None:
        """Nothing is there to be held."""

    def release(self) -> None:
        """Nothing is there to be held."""

    def carry(self, token: Token, carrier: Entry) -> None:
        """Nothing is there to be held."""

    def drop(self, token: Token) -> None:
        """Nothing is there to be held."""

    def claim(self, session: Session, stream: int) -> None:
        self._attacher.attach(session, self._id, self._side, stream)
