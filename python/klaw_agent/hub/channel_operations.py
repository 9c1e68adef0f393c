"""What sessions ask about channels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ..errors import KlawError, SerializationError
from ..lane.resumable_transport import LONGEST_FRAME
from ..wire.frame import HEADER_LENGTH
from .arguments import Arguments
from .channel_spec import read_spec
from .channels import Channels
from .entry import FOLLOWER, RECEIVER, SENDER
from .leases import Leases
from .runs import Run, run_of
from .session import Session
from .sides import write_ended

if TYPE_CHECKING:
    from .hub import SessionOperation

#: Besides an item and its tokens there are six integers in the frame that delivers it.
_LARGEST_ITEM: Final = LONGEST_FRAME - HEADER_LENGTH - 24


class ChannelOperations:
    """`channel.*`, as `docs/gateway.md` has them."""

    def __init__(self, channels: Channels, leases: Leases) -> None:
        self._channels = channels
        self._leases = leases
        self.by_name: dict[str, SessionOperation] = {
            "channel.open": self.open,
            "channel.attach": self.attach,
            "channel.store": self.store,
            "channel.info": self.info,
            "channel.list": self.list,
            "channel.delete": self.delete,
            "channel.stats": self.stats,
            "channel.count": self.count,
        }

    def open(self, session: Session, name: str, argument: object) -> str:
        """Returns the id."""
        fields = Arguments(name, argument)
        initial = _read_item(fields.nested("initial")) if fields.has("initial") else None
        try:
            return self._channels.open(
                session,
                read_spec(fields.nested("spec")),
                fields.uint32("sender"),
                fields.uint32("receiver"),
                fields.optional_uint32("follower"),
                initial,
            )
        except KlawError:
            self._drop(initial)
            raise

    def attach(self, session: Session, name: str, argument: object) -> None:
        fields = Arguments(name, argument)
        stream = fields.uint32("stream")
        try:
            identifier = fields.text("id")
            side = fields.choice("side", SENDER, RECEIVER, FOLLOWER)
            self._channels.attach(session, identifier, side, stream, fields.optional_uint32("like"))
        except KlawError as error:
            # As an event it is not answered, and whoever uses the end must not wait for ever.
            if not session.connection.has_stream(stream):
                write_ended(session.connection, stream, error)
            raise

    def store(self, session: Session, name: str, argument: object) -> int:
        """Returns the new version, or 0."""
        fields = Arguments(name, argument)
        run = _read_item(fields.nested("item"))
        version = 0
        try:
            version = self._channels.store(fields.text("id"), fields.optional_uint32("expected"), run)
        finally:
            if version == 0:
                self._drop(run)
        return version

    def info(self, session: Session, name: str, argument: object) -> dict[str, Any] | None:
        fields = Arguments(name, argument)
        return self._channels.info(fields.text("name"), fields.text("namespace"))

    def list(self, session: Session, name: str, argument: object) -> list[dict[str, Any]]:
        fields = Arguments(name, {} if argument is None else argument)
        return list(self._channels.list(fields.optional_text("namespace")))

    def delete(self, session: Session, name: str, argument: object) -> bool:
        fields = Arguments(name, argument)
        return self._channels.delete(fields.text("name"), fields.text("namespace"))

    def stats(self, session: Session, name: str, argument: object) -> dict[str, Any]:
        return self._channels.stats(Arguments(name, {"id": argument}).text("id"))

    def count(self, session: Session, name: str, argument: object) -> int:
        return self._channels.size

    def _drop(self, run: Run | None) -> None:
        """It was not accepted."""
        if run is not None and run.tokens is not None:
            self._leases.release(run.tokens)


def _read_item(fields: Arguments) -> Run:
    """A value outside of any stream. Raises `SerializationError`, also when no frame has room for it."""
    payload, tokens = fields.binary("bytes"), fields.tokens("tokens")
    if len(payload) + 8 * len(tokens) > _LARGEST_ITEM:
        raise SerializationError(f"the value has {len(payload)} bytes, the largest frame has room for {_LARGEST_ITEM}")
    return run_of(payload, 0, tokens)
