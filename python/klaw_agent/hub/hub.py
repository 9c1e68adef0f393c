"""The process in the middle: it accepts sessions, and carries out what they ask for."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ..errors import KlawError
from ..wire.connection import Connection, Operation, OperationContext, Transport
from ..wire.frame import SEND, TOKENS, Frame
from ..wire.items import Token
from .arguments import Arguments
from .channel_operations import ChannelOperations
from .channels import Channels
from .circles import SEARCH_TIME
from .claims import STRANGER_TIME, Claims
from .lease_operations import LeaseOperations
from .leases import KEPT_TIME, ORPHAN_TIME, Leases
from .runs import read_run
from .session import Session
from .sides import Estate

_log = logging.getLogger(__name__)

#: Carries an operation out for a session. The argument is as it came.
SessionOperation = Callable[[Session, str, object], object]


class Hub:
    """The channels of a cluster. Knows nothing of Ray: whatever is Ray's is kept by the estate, under tokens.

    `instance` is random hex, which tells this process from those that were the hub before it. Times are in seconds: how long a token of a
    value of Ray's holds its channel unclaimed, and after its session has ended; how long a claim waits for a session that nobody knows; how
    often channels are looked for that only hold each other.
    """

    def __init__(
        self,
        instance: str,
        estate: Estate | None = None,
        *,
        kept_time: float = KEPT_TIME,
        orphan_time: float = ORPHAN_TIME,
        stranger_time: float = STRANGER_TIME,
        search_time: float = SEARCH_TIME,
    ) -> None:
        self.instance = instance
        self._sessions: dict[int, Session] = {}
        self._by_connection: dict[Connection, Session] = {}
        self._connections: set[Connection] = set()
        self.claims = claims = Claims(self._sessions, stranger_time=stranger_time)
        self.leases = Leases(
            claims, _NoEstate() if estate is None else estate, kept_time=kept_time, orphan_time=orphan_time
        )
        self.channels = Channels(instance, self.leases, search_time=search_time)
        operations: dict[str, SessionOperation] = {
            # Answering proves that everything sent before has been carried out.
            "session.barrier": lambda session, name, argument: None,
            **ChannelOperations(self.channels, self.leases).by_name,
            **LeaseOperations(self.channels, self.leases).by_name,
        }
        self._operations = {
            "session.open": _refusing_quietly(self._open),
            **{name: _refusing_quietly(self._operation(name, operation)) for name, operation in operations.items()},
        }

    def accept(self, transport: Transport) -> Connection:
        """A client has come. Its session begins when it says so, and ends with the connection. The transport is to bring its frames to
        what this returns."""
        connection = Connection(transport, self._operations)
        connection.stray_frame = self._stray
        self._connections.add(connection)
        connection.on_lost(lambda error: self._lost(connection))
        return connection

    def expects(self, token: Token) -> bool:
        """Whether somebody may still need what the token stands for: it was exported and not released, or may yet be exported."""
        return self.leases.expects(token)

    def tell(self, origin: int, event: str, argument: object) -> None:
        """Tells a session something, if it is there."""
        session = self._sessions.get(origin)
        if session is not None:
            session.connection.notify(event, argument)

    @property
    def sessions(self) -> Iterable[Session]:
        return self._sessions.values()

    def close(self) -> None:
        """Ends all connections, and with them what they hold."""
        for connection in list(self._connections):
            connection.close()

    # Inside.

    def _open(self, argument: object, context: OperationContext) -> dict[str, Any]:
        fields = Arguments("session.open", argument)
        origin = fields.uint32("origin")
        node = fields.optional_text("node") or ""
        connection = context.connection
        if connection in self._by_connection:
            raise KlawError("the session is open already")
        if origin in self._sessions:
            raise KlawError(f"another session has the origin {origin}")
        session = Session(origin, node, connection)
        connection.label = node
        self._sessions[origin] = self._by_connection[connection] = session
        self.claims.session_opened(session)
        return {"instance": self.instance}

    def _operation(self, name: str, operation: SessionOperation) -> Operation:
        def carry_out(argument: object, context: OperationContext) -> object:
            session = self._by_connection.get(context.connection)
            if session is None:
                raise KlawError(f"{name}: session.open comes first")
            return operation(session, name, argument)

        return carry_out

    def _stray(self, frame: Frame) -> None:
        """A frame for an end that is gone. What it carries is dropped."""
        if frame.type == SEND and frame.flags & TOKENS:
            self.leases.release(read_run(frame, 0).tokens or ())

    def _lost(self, connection: Connection) -> None:
        """Its ends have been told already."""
        self._connections.discard(connection)
        session = self._by_connection.pop(connection, None)
        if session is None:
            return
        del self._sessions[session.origin]
        self.channels.session_ended(session)
        self.leases.session_ended(session)


def _refusing_quietly(operation: Operation) -> Operation:
    """An event is not answered, and what is wrong with one is no reason to end everything else."""

    def carry_out(argument: object, context: OperationContext) -> object:
        try:
            return operation(argument, context)
        except KlawError as error:
            if context.request is not None:
                raise
            _log.warning("an event was refused: %s", error)
            return None

    return carry_out


class _NoEstate:
    """Nothing but channels is kept."""

    def release(self, tokens: Sequence[Token]) -> None:
        pass

    def session_ended(self, origin: int, accepted: object) -> None:
        pass
