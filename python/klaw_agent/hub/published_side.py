"""The sending side of a channel whose sends never wait for receivers: broadcast and watch."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

from ..wire.frame import Frame
from .runs import Run, read_run
from .sender_end import SenderEnd
from .sides import ChannelKeeper
from .slots import Slots

if TYPE_CHECKING:
    from ..wire.connection import Connection

#: Items that a sender may have under way to the hub in advance. They wait for nobody here: this only bounds the pipe.
_ALLOWANCE: Final = 1024


class PublishedSide:
    """See `SendingSide`. `publish` gets what is sent, `changed` is told when a holder has gone."""

    def __init__(self, keeper: ChannelKeeper, publish: Callable[[Run], None], changed: Callable[[], None]) -> None:
        self.slots = Slots(math.inf)
        self.allowance = _ALLOWANCE
        self.chunk = 1
        #: Ends and tokens.
        self.holds = 0
        #: Items that were sent so far.
        self.accepted = 0
        self._keeper = keeper
        self._publish = publish
        self._changed = changed
        self._ends: dict[SenderEnd, None] = {}

    @property
    def ends(self) -> Iterable[SenderEnd]:
        return self._ends

    def hold(self) -> None:
        self.holds += 1

    def release(self) -> None:
        self.holds -= 1
        self._changed()

    def add(self, connection: Connection, stream: int, receivers: int) -> None:
        """A new end, which is told how many receive."""
        self.hold()
        end = SenderEnd(connection, stream, self)
        self._ends[end] = None
        end.tell_holders(receivers)

    def tell_holders(self, receivers: int) -> None:
        for end in self._ends:
            end.tell_holders(receivers)

    def end(self, error: Exception | None) -> None:
        """Nothing can be sent any more."""
        ends, self._ends = self._ends, {}
        for end in ends:
            end.end(error)
            self.release()

    # As `SendingSide`.

    def accept(self, frame: Frame) -> int:
        run = read_run(frame, self.accepted)
        count = run.count
        self.accepted += count
        if run.tokens is not None:
            self._keeper.accept_tokens(run.tokens)
        self._publish(run)
        return count

    def attempt(self, end: SenderEnd, count: int) -> None:
        end.answer_attempt(count)

    def starved(self) -> None:
        """There are always enough."""

    def recalled(self, end: SenderEnd) -> None:
        """Nothing is called back."""

    def sender_gone(self, end: SenderEnd) -> None:
        self._ends.pop(end, None)
        self.release()
