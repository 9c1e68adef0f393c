"""What a channel tells whoever keeps it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..wire.items import Token
from .leases import Leases


class Keeper:
    """See `ChannelKeeper`."""

    __slots__ = ("_leases", "_unused")

    def __init__(self, leases: Leases, unused: Callable[[], None]) -> None:
        self._leases = leases
        self._unused = unused

    def accept_tokens(self, tokens: Sequence[Token]) -> None:
        self._leases.accept(tokens)

    def release_tokens(self, tokens: Sequence[Token]) -> None:
        self._leases.release(tokens)

    def unused(self) -> None:
        self._unused()
