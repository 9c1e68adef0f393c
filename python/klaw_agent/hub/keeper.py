"""What a channel tells whoever keeps it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..wire.items import Token
from .entry import Entry
from .leases import Leases


class Keeper:
    """See `ChannelKeeper`."""

    __slots__ = ("_entry", "_leases", "_unused")

    def __init__(self, entry: Entry, leases: Leases, unused: Callable[[Entry], None]) -> None:
        self._entry = entry
        self._leases = leases
        self._unused = unused

    def accept_tokens(self, tokens: Sequence[Token]) -> None:
        self._leases.accept(tokens, self._entry)

    def release_tokens(self, tokens: Sequence[Token]) -> None:
        self._leases.release(tokens)

    def unused(self) -> None:
        self._unused(self._entry)
