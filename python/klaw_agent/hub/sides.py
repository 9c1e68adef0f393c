"""What the pieces of a channel in the hub need of each other."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from ..wire.frame import ENDED, Frame
from ..wire.items import Token

if TYPE_CHECKING:
    from ..wire.connection import Connection
    from .receiver_end import ReceiverEnd
    from .runs import Run
    from .sender_end import SenderEnd
    from .slots import Slots


class SendingSide(Protocol):
    """What a sending end belongs to."""

    @property
    def slots(self) -> Slots: ...

    @property
    def allowance(self) -> float:
        """How many slots an end may hold beyond what it waits for; infinite in an unbounded channel."""
        ...

    @property
    def chunk(self) -> int:
        """How many slots are granted together, unless somebody has waited for a while."""
        ...

    def accept(self, frame: Frame) -> int:
        """Reads the items of a *send* frame; returns how many. Raises `FrameError`."""
        ...

    def attempt(self, end: SenderEnd, count: int) -> None:
        """Grants `count` slots now or none, with `SenderEnd.answer_attempt`."""
        ...

    def starved(self) -> None:
        """An end could not be served at once: slots that others hold unused are called back."""
        ...

    def recalled(self, end: SenderEnd) -> None:
        """An answer to a recall has come."""
        ...

    def sender_gone(self, end: SenderEnd) -> None: ...


class ReceivingSide(Protocol):
    """What a receiving end belongs to."""

    @property
    def counted(self) -> bool:
        """Whether deliveries carry their count."""
        ...

    @property
    def has_more(self) -> bool:
        """Whether there are items that nobody has asked for."""
        ...

    def serve(self, end: ReceiverEnd) -> None:
        """The end wants more items, now or later: it is given some, or stands in line."""
        ...

    def delivered_ahead(self) -> None:
        """An end got items that nobody waits for at its other end."""
        ...

    def probe(self, end: ReceiverEnd, count: int) -> None:
        """Everything that `end` could have now is to be delivered, at most `count`; then `ReceiverEnd.answer_probe`."""
        ...

    def withdraw(self, end: ReceiverEnd) -> None:
        """The end stands in line no longer."""
        ...

    def taken(self, end: ReceiverEnd, runs: Sequence[Run], first: int) -> None:
        """The items were taken, in order; `first` is the sequence number of the first."""
        ...

    def returned(self, end: ReceiverEnd, runs: Sequence[Run]) -> None:
        """Items go back, in order, from an end that stays open."""
        ...

    def acknowledged(self, end: ReceiverEnd, sequence: int, refused: bool) -> None: ...

    def receiver_gone(self, end: ReceiverEnd) -> None: ...


class ChannelKeeper(Protocol):
    """What a channel needs from whoever keeps it."""

    def accept_tokens(self, tokens: Sequence[Token]) -> None:
        """Handles inside an item that was accepted: from now on they are the item's, whatever becomes of who made them."""
        ...

    def release_tokens(self, tokens: Sequence[Token]) -> None:
        """Handles inside items that are done with, or dropped."""
        ...

    def unused(self) -> None:
        """The number of holders fell to none."""
        ...


class Estate(Protocol):
    """Who keeps what the hub itself knows nothing of: references of Ray's, under tokens."""

    def release(self, tokens: Sequence[Token]) -> None:
        """The hub lets go of the tokens. Some may stand for nothing of the estate's, or not yet."""
        ...

    def session_ended(self, origin: int, accepted: Collection[int]) -> None:
        """Of the tokens that the session has made, only those with the numbers `accepted` are still in items. It may be a session that was
        waited for, and has never come."""
        ...


class HubChannel(Protocol):
    """What the registry needs of a channel of any kind."""

    @property
    def is_over(self) -> bool:
        """Closed and drained, sealed or deleted: whoever opens it next gets a new one."""
        ...

    @property
    def is_held(self) -> bool:
        """Whether anybody, an end or a token, holds a side of it."""
        ...

    def add_sender(self, connection: Connection, stream: int) -> None: ...

    def add_receiver(self, connection: Connection, stream: int, like: int | None = None) -> None:
        """`like` is the stream of a broadcast receiver of the same connection that has read as much."""
        ...

    def hold_sender(self) -> None: ...

    def release_sender(self) -> None: ...

    def hold_receiver(self) -> None: ...

    def release_receiver(self) -> None: ...

    def seal(self, error: Exception) -> None:
        """Nothing more can be sent; what is there can still be received, then receivers end with `error`. Idempotent."""
        ...

    def delete(self, error: Exception) -> None:
        """Ends the channel for everybody."""
        ...

    def stats(self) -> dict[str, Any]:
        """`ChannelStats` of `src/core/ports.ts`, and `sentRate`, `receivedRate` (items a second) and `nodes`."""
        ...


def write_ended(connection: Connection, stream: int, error: Exception | None) -> None:
    """Tells an end that nothing follows, and why, if it is for no ordinary reason."""
    if error is None:
        connection.write_frame(ENDED, 0, stream)
    else:
        connection.write_value(ENDED, 0, stream, error)
