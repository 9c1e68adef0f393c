"""The session of a Node child with the agent in its parent's process: listens for it, serves it, and asks it."""

from __future__ import annotations

import asyncio
import concurrent.futures
import secrets
from typing import Any, Final

import ray.util

from ..codec import PythonObjects
from ..errors import KlawError, SerializationError
from ..gateway.asking import PeerLost
from ..gateway.gifts import Gifts
from ..gateway.serving import Request
from ..gateway.session import Session
from ..lane.connections import Connections
from ..lane.resumable_transport import ResumableTransport
from ..listener import Listener
from ..loop_thread import LoopThread
from ..serializers import REGISTRY
from ..tls import tls_from_environment

#: For so many turns of the loop, and seconds each, a child that has ended is listened to.
_LAST_TURNS: Final = 25
_LAST_TURN: Final = 0.002


class ChildSession:
    """Lives on a loop of its own, since its owner blocks. Methods may be called from any other thread."""

    #: What `ask` fails with when the session ends.
    peer_lost: Final = PeerLost

    def __init__(self, namespace: str, gifts: Gifts | None) -> None:
        self._namespace = namespace
        self._gifts = gifts
        self._thread = LoopThread("klaw-host")
        self._python_objects = PythonObjects()
        self._listener: Listener | None = None
        self._session: Session | None = None
        #: Where the child listens for callers, once it has said so.
        self.attached: concurrent.futures.Future[dict[str, Any]] = concurrent.futures.Future()
        #: Set when the child's session is over for good.
        self.lost: concurrent.futures.Future[None] = concurrent.futures.Future()
        #: Whether the task that the child runs waits for something.
        self.is_blocked = False
        #: The error of which the child says that it is about to die.
        self.failing: BaseException | None = None

    def listen(self) -> dict[str, Any]:
        """Starts to listen on the node's own address. Returns `{ host, port, token, tls }`. Blocks."""
        return self._thread.submit(self._listen()).result()

    def ask(self, operation: str, argument: Any) -> concurrent.futures.Future[Any]:
        """Asks the child, in the order of the calls of one thread. Cancelling the future aborts the request. Fails with `PeerLost` when the
        session ends."""
        return self._thread.submit(self._ask(operation, argument))

    def abort(self) -> None:
        """Tells the child that nobody wants what it has been asked for. It answers all the same, when it has stopped."""
        self._thread.loop.call_soon_threadsafe(self._abort)

    def waiting_refs(self) -> list[Any]:
        """Refs of Ray's that the child waits for now."""
        session = self._session
        return [] if session is None else session.waiting_refs()

    def close(self) -> None:
        """Ends the session, what belongs to it, and the thread. Blocks."""
        self._thread.submit(self._close()).result()
        self._thread.end()

    def hear_out(self) -> None:
        """The child has ended: takes what it has said before that. Blocks for a moment."""
        self._thread.submit(self._hear_out()).result()

    async def _hear_out(self) -> None:
        # The kernel has all of it; how many turns of the loop that takes nobody can say.
        for _ in range(_LAST_TURNS):
            if self.failing is not None:
                return
            await asyncio.sleep(_LAST_TURN)

    async def _listen(self) -> dict[str, Any]:
        tls = tls_from_environment()
        token = secrets.token_hex(32)
        connections = Connections(bytes.fromhex(token), self._serve, is_open=lambda: self._listener is not None)
        self._listener = Listener(connections, tls=tls)
        host = ray.util.get_node_ip_address()
        port = self._listener.start(host)
        return {"host": host, "port": port, "token": token, "tls": tls is not None}

    def _serve(self, transport: ResumableTransport) -> Session:
        session = Session(
            transport,
            namespace=self._namespace,
            serializers=REGISTRY,
            python_objects=self._python_objects,
            gifts=self._gifts,
            ended=lambda: self._ended(session),
            operations={
                "host.attach": lambda request: self._attach(session, request),
                "host.blocked": self._block,
                "host.failing": self._fail,
            },
        )
        transport.land(session.land)
        return session

    def _attach(self, session: Session, request: Request) -> None:
        if self._session is not None:
            raise KlawError("there is a Node process here already")
        address = {
            "instance": request.field("instance", str),
            "host": request.field("host", str),
            "port": request.field("port", int),
            "token": request.field("token", str),
            "tls": request.field("tls", bool),
        }
        self._session = session
        self.attached.set_result(address)

    def _block(self, request: Request) -> None:
        if not isinstance(request.argument, bool):
            raise SerializationError("host.blocked: true or false is expected")
        self.is_blocked = request.argument

    def _fail(self, request: Request) -> None:
        error = request.argument
        self.failing = error if isinstance(error, BaseException) else KlawError(str(error))

    async def _ask(self, operation: str, argument: Any) -> Any:
        if self._session is None:
            raise KlawError("the Node process has not attached itself yet")
        return await self._session.asking.ask(operation, argument)

    def _abort(self) -> None:
        if self._session is not None:
            self._session.asking.abort_all()

    def _ended(self, session: Session) -> None:
        if session is self._session and not self.lost.done():
            self.lost.set_result(None)

    async def _close(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        if self._session is not None:
            await self._session.close()
