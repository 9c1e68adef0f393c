"""Requests to the client, for one that is asked things: the Node child of an actor or a task."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

from ..errors import KlawError, RuntimeClosedError
from ..wire.frame import ABORT, ERROR, REQUEST, Frame, write_frame, write_header
from .entries import Entry
from .frames import PIECE
from .link import Link
from .outgoing import Outgoing, size_of
from .pieces import Pieces
from .serving import birth
from .values import Parts, Values


class PeerLost(RuntimeClosedError):
    """The session ended before the answer came."""


class Asking:
    """The requests of one session, sent in the order in which they are asked. Lives on the event loop."""

    def __init__(self, link: Link, outgoing: Outgoing, values: Values) -> None:
        self._link = link
        self._outgoing = outgoing
        self._values = values
        self._next = 1
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self._pieces = Pieces()
        #: Requests behind a large one that is being sent. None of them has been written.
        self._line: deque[tuple[int, Parts]] = deque()
        self._sending: asyncio.Task[None] | None = None
        #: Answers that name what is yet to be born.
        self._completing: set[asyncio.Task[None]] = set()
        self._lost: PeerLost | None = None

    def ask(self, operation: str, argument: Any) -> asyncio.Future[Any]:
        """Asks. A future that is cancelled tells the peer that nobody waits. Raises `SerializationError`, `PeerLost`."""
        if self._lost is not None:
            raise self._lost
        parts = self._values.write([operation, argument], operation)
        number = self._next
        self._next += 1
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._asked[number] = future
        future.add_done_callback(lambda done: self._done(number, done))
        if self._sending is None and size_of(parts) <= PIECE:
            self._write(number, parts)
        else:
            self._line.append((number, parts))
            if self._sending is None:
                self._sending = asyncio.get_running_loop().create_task(self._send_line())
        return future

    def response(self, frame: Frame) -> None:
        """Takes an answer. Raises `FrameError`."""
        whole = self._pieces.take(frame)
        future = self._asked.get(frame.stream)
        if whole is None or future is None or future.done():
            return
        body, is_own = whole
        failed = bool(frame.flags & ERROR)
        try:
            reading = self._values.read(body, borrow=is_own)
        except Exception as error:
            future.set_exception(error)
            return
        if not reading.missing:
            _settle(future, reading.value, failed)
            return
        data = body if is_own else memoryview(bytes(body))
        task = asyncio.get_running_loop().create_task(
            self._complete(future, data, reading.pins, reading.missing[0], failed)
        )
        self._completing.add(task)
        task.add_done_callback(self._completing.discard)

    def abort_all(self) -> None:
        """Tells the peer that nobody wants what was asked. The answers are still waited for."""
        for number in self._asked:
            self._abort(number)

    def close(self, error: Exception) -> None:
        """The session is over: everything that is pending settles."""
        if self._lost is not None:
            return
        self._lost = PeerLost("the connection to the Node process was lost before it had answered", cause=error)
        self._line.clear()
        if self._sending is not None:
            self._sending.cancel()
        for task in self._completing:
            task.cancel()
        for future in list(self._asked.values()):
            if not future.done():
                future.set_exception(self._lost)
                # Whoever no longer awaits it is not to be told of it.
                future.exception()
        self._pieces.clear()

    async def _complete(
        self,
        future: asyncio.Future[Any],
        data: memoryview,
        pins: dict[int, Entry],
        missing: Entry,
        failed: bool,
    ) -> None:
        try:
            while True:
                await birth(missing)
                reading = self._values.read(data, pins, borrow=True)
                if not reading.missing:
                    break
                missing, pins = reading.missing[0], reading.pins
        except Exception as error:
            if not future.done():
                future.set_exception(error)
            return
        if not future.done():
            _settle(future, reading.value, failed)

    async def _send_line(self) -> None:
        try:
            while self._line:
                number, parts = self._line.popleft()
                if number not in self._asked:
                    # Given up before it was sent.
                    continue
                if size_of(parts) <= PIECE:
                    self._write(number, parts)
                else:
                    await self._outgoing.send_whole(REQUEST, 0, number, parts)
        finally:
            self._sending = None

    def _write(self, number: int, parts: Parts) -> None:
        self._link.write([write_header(REQUEST, 0, number, size_of(parts)), *parts])

    def _done(self, number: int, future: asyncio.Future[Any]) -> None:
        del self._asked[number]
        if future.cancelled() and self._lost is None:
            self._abort(number)

    def _abort(self, number: int) -> None:
        if all(number != waiting for waiting, _ in self._line):
            self._link.write([write_frame(ABORT, 0, number)])


def _settle(future: asyncio.Future[Any], value: Any, failed: bool) -> None:
    if not failed:
        future.set_result(value)
    elif isinstance(value, Exception):
        future.set_exception(value)
    else:
        future.set_exception(KlawError(f"the Node process refused the request: {value}"))
