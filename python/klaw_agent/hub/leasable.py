"""What a token stands for."""

from __future__ import annotations

from typing import Protocol

from ..wire.items import Token
from .session import Session


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

    def claim(self, session: Session, stream: int) -> None:
        """The session gets an end of it. The stream of one that is gone is ended."""
        ...
