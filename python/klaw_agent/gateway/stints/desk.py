"""The lines of one session, and the port to which actors' processes connect."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from typing import Any, Final

import ray.util

from ...errors import TaskCancelledError
from ...lane import hello
from ...lane.complaints import Complaints
from ...listener import Listener
from ...tls import tls_from_environment
from ..completions import Completions
from ..entries import ActorEntry, ObjectEntry
from ..refs import Refs
from ..watches import Watches
from .line import Line
from .peer import Peer
from .shipped import Shipped

_log = logging.getLogger(__name__)

#: Does a call as a task of its own: entry, actor, method, arguments.
Usual = Callable[[ObjectEntry, ActorEntry, str, list[Any]], None]
_TOKEN_LENGTH: Final = hello.TOKEN_LENGTH


class Stints:
    """Which calls of one session share tasks. Nothing is set up before there are such calls."""

    def __init__(self, refs: Refs, watches: Watches, completions: Completions, usual: Usual) -> None:
        self.refs = refs
        self.watches = watches
        self.completions = completions
        self.complaints = Complaints()
        #: How calls are done that have to be tasks of their own after all.
        self.call_usually = usual
        self._token = secrets.token_bytes(_TOKEN_LENGTH)
        #: By the ids of their actors, and by their own.
        self._by_actor: dict[bytes, Line] = {}
        self._lines: dict[bytes, Line] = {}
        #: How stints begin, and where they connect; None until that is there.
        self._ready: tuple[Shipped, str, int, bool] | None = None
        self._is_preparing = False
        self._listener: Listener | None = None
        self._is_closed = False

    def line_of(self, actor: ActorEntry) -> Line | None:
        """The line of an actor that has been born: one for all entries of the session that mean it. None for one that has none, and needs
        none any more."""
        if actor.line is not None:
            held: Line = actor.line
            return held
        identity = actor.handle._actor_id.binary()
        line = self._by_actor.get(identity)
        if actor.is_released or self._is_closed:
            return line
        if line is None:
            line = self._by_actor[identity] = Line(self, identity)
            self._lines[line.identity] = line
        line.hold()
        actor.line = line
        return line

    def close(self) -> None:
        """The session is over."""
        self._is_closed = True
        if self._listener is not None:
            self._listener.close()
        for line in list(self._lines.values()):
            line.close()

    # What the listener calls.

    def greet(self, data: bytes) -> tuple[bytes, Peer | None]:
        """Judges a hello. Raises `hello.NotHello`."""
        asked = hello.read_hello(data, self._token)
        status = asked if isinstance(asked, int) else hello.UNKNOWN_CONNECTION
        line = None if isinstance(asked, int) else self._lines.get(asked.connection)
        peer = None if line is None else line.greet()
        if peer is None:
            self.complaints.complain(f"status {status}", f"a connection for calls was refused: {hello.REASONS[status]}")
            return hello.write_answer(status), None
        return hello.write_answer(hello.WELCOME), peer

    # What lines call.

    def is_ready(self) -> bool:
        """Whether stints can begin. What they need is made when this is asked for the first time."""
        if not self._is_preparing:
            self._is_preparing = True
            self.completions.apart(Shipped, self._prepared)
        return self._ready is not None

    def submit(self, actor: ActorEntry, line: bytes, number: int, is_connected: bool) -> Any:
        """Hands a stint to Ray; returns its ref. Raises what Ray raises."""
        if self._ready is None:
            raise RuntimeError("nothing is there yet for stints")
        shipped, *address = self._ready
        function, arguments = shipped.call(is_connected, number, (*address, self._token, line))
        handle = actor.handle
        name = f"{handle._ray_actor_creation_function_descriptor.class_name} (calls)"
        return handle.__ray_call__.options(name=name).remote(function, *arguments)

    def cancelled(self) -> TaskCancelledError:
        return TaskCancelledError("the call was cancelled before it began")

    def complain(self, reason: Exception) -> None:
        self.complaints.complain("items", f"an actor's process said something that can not be understood: {reason!r}")

    def forget(self, line: Line) -> None:
        self._lines.pop(line.identity, None)
        if self._by_actor.get(line.actor_id) is line:
            del self._by_actor[line.actor_id]

    def _prepared(self, shipped: Shipped | None, error: BaseException | None) -> None:
        if self._is_closed:
            return
        try:
            if shipped is None:
                raise error or RuntimeError("nothing was made")
            tls = tls_from_environment()
            host = ray.util.get_node_ip_address()
            self._listener = Listener(self, tls=tls)
            self._ready = (shipped, host, self._listener.start(host), tls is not None)
        except Exception:
            # Calls go the usual way.
            _log.exception("calls can not share tasks")
