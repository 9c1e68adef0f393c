"""This process's session at the cluster's hub. Whatever it is told before it is connected is said once it is."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import os
import secrets
import socket
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from klaw_agent.codec import encode
from klaw_agent.errors import KlawError, RuntimeClosedError
from klaw_agent.wire import frame as frames
from klaw_agent.wire.connection import Connection
from klaw_agent.wire.frame import Frame, write_frame, write_header
from klaw_agent.wire.items import Token

from .answer import Answer, ask
from .background import Background
from .greeting import HubAddress
from .hub_lane import HubLane
from .pending import LOCK

logger = logging.getLogger("klaw")

Buffer = bytes | memoryview
#: Seconds for saying goodbye.
_GOODBYE_TIME: Final = 2.0


class Stream(Protocol):
    """One end of a channel. Called with the lock held."""

    def frame(self, frame: Frame) -> None: ...

    def report(self) -> None:
        """The session ends: what the hub has not been told yet is told now."""
        ...

    def lost(self, error: Exception) -> None: ...


class Entry(Protocol):
    """Something that waits to be written, and is put into bytes when its turn comes."""

    def emit(self, out: list[Buffer]) -> None: ...


class Client:
    """A session. It begins to connect when it is made; `find` says where to, and may block: it runs on a thread of its own.

    Everything but `close` is to be called with the lock held, from any thread.
    """

    def __init__(
        self, background: Background, find: Callable[[], HubAddress], grace: int, threshold: float = math.inf
    ) -> None:
        #: By which the hub knows this session's tokens.
        self.origin = secrets.randbits(32)
        #: Where the hub is, once it was found.
        self.address: HubAddress | None = None
        #: Bytes of the largest message that goes through the hub by itself.
        self.threshold = threshold
        #: Why the session is over; None while it lasts.
        self.error: Exception | None = None
        self._background = background
        self._entries: list[bytes | Entry | Answer] = []
        self._is_scheduled = False
        self._streams: dict[int, Stream] = {}
        self._next_stream = 1
        self._next_token = 1
        self._connection: Connection | None = None
        self._lane: HubLane | None = None
        self._started = background.start(self._connect(find, grace))

    # What ends of channels use.

    def next_stream(self) -> int:
        number = self._next_stream
        self._next_stream += 1
        return number

    def add_stream(self, number: int, stream: Stream) -> None:
        """Raises the session's error when it is over."""
        if self.error is not None:
            raise self.error
        self._streams[number] = stream

    def remove_stream(self, number: int) -> None:
        self._streams.pop(number, None)

    def write(self, kind: int, flags: int, stream: int, *integers: int) -> None:
        """Writes a frame whose body is a few integers."""
        self.put_bytes(write_frame(kind, flags, stream, *integers))

    def notify(self, operation: str, argument: object) -> None:
        """Tells the hub something that it does not answer."""
        body = encode([operation, argument])
        self.put_bytes(write_header(frames.EVENT, 0, 0, len(body)) + body)

    def request(self, operation: str, argument: object = None) -> Answer:
        """Asks the hub, in order with everything else that is written."""
        answer = Answer(operation, argument, self._background)
        if self.error is not None:
            answer.fail(self.error)
        else:
            self.put(answer)
        return answer

    def put(self, entry: Entry | Answer) -> None:
        """Writes what is put into bytes when its turn comes."""
        self._entries.append(entry)
        self._schedule()

    def put_bytes(self, frame: bytes) -> None:
        self._entries.append(frame)
        self._schedule()

    def call_later(self, seconds: float, function: Callable[[], None]) -> None:
        """Calls the function, with the lock held, after a while."""
        self._background.call(self._set_timer, seconds, function)

    def export(self, kind: int, channel: str, *, kept: bool) -> Token:
        """Announces a handle that goes into a message, or, `kept`, into a value of Ray's."""
        token = self.next_token()
        argument: dict[str, object] = {"token": token_value(token), "kind": kind, "id": channel}
        if kept:
            argument["kept"] = True
        self.notify("lease.export", argument)
        return token

    def export_reference(self, token: Token, kind: int) -> None:
        """Announces something of Ray's that goes into a message; the hub's estate keeps it."""
        self.notify("lease.export", {"token": token_value(token), "kind": kind, "id": ""})

    def next_token(self) -> Token:
        token = (self.origin, self._next_token)
        self._next_token += 1
        return token

    def claim(self, token: Token, stream: int, kind: int, channel: str) -> None:
        """A handle has arrived; `stream` is the new end."""
        self.notify("lease.claim", {"token": token_value(token), "stream": stream, "kind": kind, "id": channel})

    def work(self, function: Callable[..., object], *arguments: object, failed: Callable[[Exception], None]) -> None:
        """Calls a function that blocks, on a thread of its own, once the hub was found."""
        self._background.start(self._work(function, arguments, failed))

    def drop(self, close: Callable[[], None]) -> None:
        """Closes what nobody holds any more. From any thread, with or without the lock: what is collected is collected anywhere."""
        if self.error is None:
            with contextlib.suppress(RuntimeClosedError):
                self._background.call(close)

    def release(self, tokens: Sequence[Token]) -> None:
        """Handles were not sent after all."""
        if tokens and self.error is None:
            self.notify("lease.release", [token_value(token) for token in tokens])

    # For who owns the session.

    def end(self) -> None:
        """As `close`, without waiting."""
        self._background.start(self._goodbye())

    def close(self) -> None:
        """Says goodbye, and waits a moment until that has been heard. Everything that still waits fails. Not from the loop's thread."""
        try:
            self._background.start(self._goodbye()).result(_GOODBYE_TIME)
        except Exception:
            # The hub finds out by itself, when it does not hear of this process any more.
            logger.debug("a session at the hub was not ended in time", exc_info=True)

    # Inside, on the loop.

    def forget(self) -> None:
        """In a process that was forked: the session is its parent's."""
        self._lost(RuntimeClosedError("the process was forked: its parent has the session, open the channel here"))

    async def _connect(self, find: Callable[[], HubAddress], grace: int) -> None:
        try:
            address = self.address = await self._background.in_thread(find)
            lane = self._lane = HubLane(address, grace, lambda: self._background.in_thread(find))
            connection = await lane.connect(lambda transport: Connection(transport, {}))
            connection.stray_frame = self._frame
            opened = connection.request(
                "session.open", {"origin": self.origin, "node": f"{socket.gethostname()}:{os.getpid()}"}
            )
            # What has been written so far follows at once.
            with LOCK:
                self._connection = connection
            connection.on_lost(self._lost)
            self._flush()
            await opened
        except Exception as error:
            self._lost(error if isinstance(error, KlawError) else _unreachable(error))
            if self._lane is not None:
                self._lane.close()

    async def _work(
        self, function: Callable[..., object], arguments: tuple[object, ...], failed: Callable[[Exception], None]
    ) -> None:
        try:
            # What connects is not ended by who gives up waiting for it.
            await asyncio.shield(asyncio.wrap_future(self._started))
            if self.error is not None:
                raise self.error
            await self._background.in_thread(function, *arguments)
        except Exception as error:
            with LOCK:
                failed(error)

    def _schedule(self) -> None:
        if not self._is_scheduled and self.error is None:
            self._is_scheduled = True
            self._background.call(self._flush)

    def _flush(self) -> None:
        with LOCK:
            self._is_scheduled = False
            connection = self._connection
            if connection is None:
                return
            entries, self._entries = self._entries, []
            out: list[Buffer] = []
            for entry in entries:
                if isinstance(entry, bytes):
                    out.append(entry)
                elif isinstance(entry, Answer):
                    connection.write(out)
                    out = []
                    ask(connection, entry)
                else:
                    entry.emit(out)
            connection.write(out)

    def _frame(self, frame: Frame) -> None:
        with LOCK:
            stream = self._streams.get(frame.stream)
            if stream is not None:
                stream.frame(frame)

    def _lost(self, error: Exception) -> None:
        with LOCK:
            if self.error is not None:
                return
            self.error = error
            entries, self._entries = self._entries, []
            for entry in entries:
                if isinstance(entry, Answer):
                    entry.fail(error)
            streams = list(self._streams.values())
            self._streams.clear()
            for stream in streams:
                stream.lost(error)

    def _set_timer(self, seconds: float, function: Callable[[], None]) -> None:
        self._background.loop.call_later(seconds, self._timed, function)

    def _timed(self, function: Callable[[], None]) -> None:
        with LOCK:
            if self.error is None:
                function()

    async def _goodbye(self) -> None:
        if not self._started.done():
            self._started.cancel()
        with LOCK:
            for stream in self._streams.values():
                stream.report()
        self._flush()
        connection, lane = self._connection, self._lane
        error: Any = RuntimeClosedError("klaw has been shut down in this process")
        if connection is not None and lane is not None and self.error is None:
            connection.close(error)
            await lane.ended()
        self._lost(error)
        if lane is not None:
            lane.close()


def token_value(token: Token) -> dict[str, int]:
    """A token in a request."""
    return {"origin": token[0], "number": token[1]}


def _unreachable(error: Exception) -> KlawError:
    return KlawError(f"the hub can not be reached: {error or type(error).__name__}", cause=error)
