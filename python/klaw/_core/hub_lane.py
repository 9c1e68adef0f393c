"""The client's side of the connection to the hub: connects, and after a loss continues where it was (`docs/gateway.md`, "Connection")."""

from __future__ import annotations

import asyncio
import logging
import secrets
import ssl
import time
from collections.abc import Awaitable, Callable
from typing import Final

from klaw_agent.errors import KlawError
from klaw_agent.lane import hello
from klaw_agent.lane.resumable_transport import ResumableTransport
from klaw_agent.lane.tcp_lane import TcpLane
from klaw_agent.wire.connection import Connection
from klaw_agent.wire.control_frames import PING_FRAME

from .greeting import Greeting, HubAddress, greet

logger = logging.getLogger("klaw")

#: Seconds for the first connection.
_CONNECT_TIME: Final = 15.0
#: Seconds between attempts: the first, and the longest.
_FIRST_PAUSE: Final = 0.05
_LONGEST_PAUSE: Final = 1.0
#: Seconds of silence after which the hub is asked whether it is there, and after which the TCP connection is taken for lost.
_PING_AFTER: Final = 10.0
_LOST_AFTER: Final = 20.0


class HubLane:
    """One connection, over one TCP connection after the other. All methods run on the loop.

    `find` says where the hub is now: one that was started again knows nothing of this connection.
    """

    def __init__(self, address: HubAddress, grace: int, find: Callable[[], Awaitable[HubAddress]]) -> None:
        self._address = address
        self._find = find
        self._search: asyncio.Task[None] | None = None
        self._grace = grace
        self._id = secrets.token_bytes(hello.ID_LENGTH)
        self._loop = asyncio.get_running_loop()
        self._transport = ResumableTransport(grace=float(grace))
        self._transport.on_over(self._over)
        self._connection: Connection | None = None
        self._lane: _ClientLane | None = None
        self._task: asyncio.Task[None] | None = None
        self._watch: asyncio.TimerHandle | None = None
        self._is_over = False
        self._ended = asyncio.Event()

    async def connect(self, make: Callable[[ResumableTransport], Connection]) -> Connection:
        """Connects for the first time; frames go to what `make` returns. Raises `KlawError` or `OSError`."""
        greeting = await self._greet_first()
        if greeting.refusal is not None:
            greeting.socket.abort()
            raise KlawError(f"the hub has refused the connection: {greeting.refusal}")
        connection = self._connection = make(self._transport)
        self._transport.start(connection)
        self._transport.resume(0)
        self._attach(greeting)
        self._watch = self._loop.call_later(_PING_AFTER / 2, self._look)
        return connection

    async def ended(self) -> None:
        """Waits, after the connection was closed, until what was written has reached the hub."""
        if self._lane is not None:
            await self._ended.wait()

    def close(self) -> None:
        """Ends at once."""
        self._transport.close()
        self._over()
        if self._lane is not None:
            self._lane.abort()

    def lane_lost(self, lane: _ClientLane) -> None:
        if lane is not self._lane:
            return
        self._lane = None
        self._ended.set()
        if not self._is_over and self._task is None:
            self._task = self._loop.create_task(self._resume())

    async def _greet_first(self) -> Greeting:
        until = time.monotonic() + _CONNECT_TIME
        pause = _FIRST_PAUSE
        while True:
            try:
                return await self._greet(resume=False)
            except ssl.SSLCertVerificationError:
                raise
            except OSError:
                if time.monotonic() + pause > until:
                    raise
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _greet(self, *, resume: bool) -> Greeting:
        return await greet(self._address, hello.Hello(self._id, resume, self._transport.received, self._grace))

    async def _resume(self) -> None:
        """Tries again until the transport gives up, which it does after the grace period."""
        pause = _FIRST_PAUSE
        try:
            while not self._is_over:
                try:
                    self._resumed(await self._greet(resume=True))
                    return
                except (OSError, KlawError) as error:
                    logger.debug("the hub could not be reached again: %s", error)
                    if isinstance(error, ConnectionRefusedError) and self._search is None:
                        self._search = self._loop.create_task(self._look_for_another())
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
        finally:
            self._task = None

    def _resumed(self, greeting: Greeting) -> None:
        refusal = greeting.refusal
        if refusal is None and self._transport.resume(greeting.answer.received):
            self._attach(greeting)
            return
        greeting.socket.abort()
        # Whoever is refused does not get in by asking again.
        self._give_up(
            f"the hub does not continue the connection: {refusal or 'what each has of the other does not fit together'}"
        )

    async def _look_for_another(self) -> None:
        """Nobody listens there any more: Ray may have started the hub again by now."""
        try:
            found = await self._find()
        except Exception as error:
            logger.debug("where the hub is now is not known: %s", error)
            return
        if found.instance != self._address.instance and not self._is_over and self._lane is None:
            self._give_up("the hub was started again, and holds nothing of what it held")

    def _give_up(self, message: str) -> None:
        self._transport.close()
        if self._connection is not None:
            self._connection.transport_lost(message, None)

    def _attach(self, greeting: Greeting) -> None:
        lane = self._lane = _ClientLane(greeting.socket, self._transport, self)
        greeting.socket.set_protocol(lane)
        self._transport.attach(lane)
        if greeting.rest:
            self._transport.feed(greeting.rest)
        if not greeting.socket.is_closing():
            greeting.socket.resume_reading()

    def _look(self) -> None:
        """Whether the hub is still there."""
        if self._is_over:
            return
        self._watch = self._loop.call_later(_PING_AFTER / 2, self._look)
        lane = self._lane
        if lane is None:
            return
        silence = time.monotonic() - lane.heard
        if silence > _LOST_AFTER:
            lane.abort()
        elif silence > _PING_AFTER:
            self._transport.write([PING_FRAME])

    def _over(self) -> None:
        self._is_over = True
        if self._watch is not None:
            self._watch.cancel()
        for task in (self._task, self._search):
            if task is not None and task is not asyncio.current_task(self._loop):
                task.cancel()


class _ClientLane(TcpLane):
    """A TCP connection of which somebody wants to know when it has said something last, and when it is gone."""

    def __init__(self, socket: asyncio.Transport, carried: ResumableTransport, owner: HubLane) -> None:
        super().__init__(socket, carried)
        self.heard = time.monotonic()
        self._owner = owner

    def buffer_updated(self, nbytes: int) -> None:
        self.heard = time.monotonic()
        super().buffer_updated(nbytes)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._owner.lane_lost(self)
