"""What a token stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ..wire.items import Token
from .session import Session

if TYPE_CHECKING:
    from .entry import Entry


class Leasable(Protocol):
    """A side of a channel. Counts who holds it."""

    #: Tokens that hold it no longer and can still be claimed.
    spent: set[Token]

    @property
    def is_gone(self) -> bool:
        """Whether nothing can be claimed of it any more."""
        ...

    def retain(self) -> None:
        """A token now holds it too."""
        ...

    def release(self) -> None:
        """A token no longer holds it."""
        ...

    def carry(self, token: Token, carrier: Entry) -> None:
        """The token stands in an item of `carrier`'s."""
        ...

    def drop(self, token: Token) -> None:
        """It does no longer, if it did."""
        ...

    def claim(self, session: Session, stream: int) -> None:
        """The session gets an end of it. The stream of one that is gone is ended."""
        ...
