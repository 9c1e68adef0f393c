"""The agent of one client's session. Runs inside of an async actor of Ray's, or as a guest in a process of another's (`guest.py`)."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Mapping
from typing import Any

import ray
import ray.util

from .codec import PythonObjects
from .gateway.gifts import Gifts
from .gateway.session import Session
from .lane.connections import Connections
from .lane.resumable_transport import LONGEST_FRAME, ResumableTransport
from .lane.tunnel import Tunnels
from .lane.wakefulness import Wakefulness
from .listener import Listener
from .raw_bytes import RawBytes
from .serializers import REGISTRY
from .tls import tls_from_environment

_log = logging.getLogger(__name__)


class Agent:
    """Listens for its client, and does with Ray what it asks for.

    Settings: `namespace` of actors and queues that do not name one; `max_frame`, bytes of the largest frame; `token`, 64 hex digits, made up
    if there is none. `over` is told, on its loop, when its client has gone for good; an agent without ends the actor that it is.
    """

    def __init__(self, settings: Mapping[str, Any], over: Callable[[], None] | None = None) -> None:
        self._over = over
        self._namespace = str(settings["namespace"])
        self._longest_frame = int(settings.get("max_frame") or LONGEST_FRAME)
        self._token = str(settings.get("token") or secrets.token_hex(32))
        self._python_objects = PythonObjects()
        self._sessions: set[Session] = set()
        self._listener: Listener | None = None
        self._tunnels: Tunnels | None = None
        self._gifts: Gifts | None = None
        self._wakefulness: Wakefulness | None = None
        self._is_ending = False

    async def start(self) -> dict[str, Any]:
        """Starts to listen, on the node's own address only. Returns `{ host, port, token, tls }`."""
        tls = tls_from_environment()
        connections = Connections(
            bytes.fromhex(self._token),
            self._serve,
            is_open=lambda: not self._is_ending,
            longest_frame=self._longest_frame,
        )
        wakefulness = self._wakefulness = Wakefulness(asyncio.get_running_loop(), only_when_told=True)
        self._listener = Listener(connections, tls=tls, wakefulness=wakefulness)
        self._tunnels = Tunnels(connections)
        self._gifts = _gifts() if self._over is None else None
        host = ray.util.get_node_ip_address()
        port = self._listener.start(host)
        return {"host": host, "port": port, "token": self._token, "tls": tls is not None}

    async def exchange(self, number: int, data: bytes, wait: bool) -> bytes:
        """One exchange of the tunnel lane: takes bytes of the client's, and returns bytes for it."""
        if self._tunnels is None:
            raise RuntimeError("the agent has not been started")
        return await self._tunnels.exchange(number, data, wait)

    async def answer_give(self, key: int) -> RawBytes:
        """The hub fetches a value that it is to own."""
        if self._gifts is None:
            raise RuntimeError("the agent has not been started")
        return self._gifts.give(key)

    async def close(self) -> None:
        """Ends all sessions, and waits until what they held is let go."""
        self._is_ending = True
        if self._listener is not None:
            self._listener.close()
        for session in list(self._sessions):
            await session.close()

    def _serve(self, transport: ResumableTransport) -> Session:
        session = Session(
            transport,
            namespace=self._namespace,
            serializers=REGISTRY,
            python_objects=self._python_objects,
            gifts=self._gifts,
            ended=lambda: self._ended(session),
            stayed=lambda: self._stayed(transport),
        )
        transport.land(session.land)
        self._sessions.add(session)
        return session

    def _stayed(self, transport: ResumableTransport) -> None:
        """The client waits for one call after the other: the result leaves at once, and the next call may come any moment."""
        transport.flush()
        if self._wakefulness is not None:
            self._wakefulness.expect()

    def _ended(self, session: Session) -> None:
        """Its client has gone for good: without it the agent is of no use, though the job may go on for a while. Who comes back is refused."""
        self._sessions.discard(session)
        if self._sessions or self._is_ending:
            return
        self._is_ending = True
        _log.info("the session is over, and its agent ends")
        if self._over is not None:
            self._over()
            return
        if self._listener is not None:
            self._listener.close()
        if ray.get_runtime_context().get_actor_id() is not None:
            ray.get_runtime_context().current_actor.__ray_terminate__.remote()


def _gifts() -> Gifts | None:
    """For an agent that the hub can ask: one that is an actor."""
    context = ray.get_runtime_context()
    return None if context.get_actor_id() is None else Gifts(context.current_actor)
