"""What sessions say about handles that are under way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..errors import KlawError
from .arguments import Arguments
from .channels import Channels
from .entry import RECEIVER, SENDER
from .leases import Leases
from .session import Session

if TYPE_CHECKING:
    from .hub import SessionOperation

#: Which side of a channel a handle of that kind is; `HandleKind` of `src/wire/token.ts`.
_SIDES: Final = {
    3: SENDER,
    4: RECEIVER,
    5: SENDER,
    6: RECEIVER,
    7: SENDER,
    8: RECEIVER,
    9: SENDER,
    10: RECEIVER,
}


class LeaseOperations:
    """`lease.*`, as `docs/gateway.md` has them."""

    def __init__(self, channels: Channels, leases: Leases) -> None:
        self._channels = channels
        self._leases = leases
        self.by_name: dict[str, SessionOperation] = {
            "lease.export": self.export,
            "lease.claim": self.claim,
            "lease.release": self.release,
        }

    def export(self, session: Session, name: str, argument: object) -> None:
        fields = Arguments(name, argument)
        token = fields.token("token")
        if token[0] != session.origin:
            raise KlawError(f"{name}: the token is of {token[0]}, this session is {session.origin}")
        # Any other kind is a reference of Ray's, which the estate keeps.
        side = _SIDES.get(fields.uint32("kind"))
        resource = None if side is None else self._channels.leasable(fields.text("id"), side)
        self._leases.export(session, token, resource, fields.flag("kept"))

    def claim(self, session: Session, name: str, argument: object) -> None:
        fields = Arguments(name, argument)
        token = fields.token("token")
        stream = fields.uint32("stream")
        if session.connection.has_stream(stream):
            raise KlawError(f"{name}: the stream {stream} is in use")
        side = _SIDES.get(fields.uint32("kind")) if fields.has("kind") else None
        channel = fields.optional_text("id")
        otherwise = None if side is None or channel is None else self._channels.leasable(channel, side)
        self._leases.claim(session, token, stream, otherwise)

    def release(self, session: Session, name: str, argument: object) -> None:
        self._leases.release(Arguments(name, {"tokens": argument}).tokens("tokens"))
