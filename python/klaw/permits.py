"""A slot of a channel that is held for one value."""

from __future__ import annotations

from types import TracebackType
from typing import Generic, TypeVar

from klaw_agent.errors import KlawError, SerializationError

from ._core.handles import Owned
from ._core.send_port import SendPort

T = TypeVar("T")


class Permit(Generic[T]):
    """One slot of a channel, held for one value. The channel does not end while a permit is out, even if all its senders are closed.

    A permit that is not used is given back at the end of a `with` block, by `release`, or when nobody holds it any more.
    """

    __slots__ = ("_is_used", "_owned")

    def __init__(self, owned: Owned[SendPort]) -> None:
        self._owned = owned
        self._is_used = False

    def send(self, value: T) -> None:
        """Sends the value into the slot, at once. Raises `ChannelClosed` when no receiver is left, `SerializationError` (the permit can
        still be used), and `KlawError` when the permit was used already."""
        if self._is_used:
            raise KlawError("the permit was used already")
        self._is_used = True
        try:
            self._owned.port.use_permit(value)
        except SerializationError:
            self._is_used = False
            raise

    def release(self) -> None:
        """Gives the slot back. Does nothing when the permit was used."""
        if not self._is_used:
            self._is_used = True
            self._owned.port.release_permit()

    def __enter__(self) -> Permit[T]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def __del__(self) -> None:
        if not self._is_used:
            port = self._owned.port
            port.client.drop(port.release_permit)
