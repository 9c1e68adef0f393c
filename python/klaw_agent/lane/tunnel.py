"""The tunnel lane: a client's stream of bytes, and the agent's, in pieces that calls of the agent's actor carry."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

from . import hello
from .connections import Connections
from .resumable_transport import ResumableTransport

#: Seconds that an answer is held back when there is nothing to say.
HOLD: Final = 10.0
#: Bytes that an answer carries, give or take a piece.
_LARGEST_ANSWER: Final = 4 * 1024 * 1024
#: Calls of one tunnel have numbers of their own: its first one is a multiple of this.
_NUMBERS: Final = 2**32
#: A call may be so far ahead of those that have not come yet.
_MOST_AHEAD: Final = 64


class TunnelClosed(Exception):
    """A call belongs to a tunnel that is over. The client opens another one, if it wants to go on."""


class Tunnels:
    """One tunnel after the other, each for calls whose numbers begin anew."""

    def __init__(self, connections: Connections, *, hold: float = HOLD) -> None:
        self._connections = connections
        self._hold = hold
        self._number = -1
        self._current: Tunnel | None = None

    async def exchange(self, number: int, data: bytes, wait: bool) -> bytes:
        """Takes bytes of the client's stream in order of the numbers, and returns bytes of the agent's.

        Raises `TunnelClosed`: what the call brought may or may not have been taken, which the next hello tells.
        """
        generation, index = divmod(number, _NUMBERS)
        if generation > self._number:
            # The tunnel before may still be the one that is in use; the new one's hello decides.
            self._number = generation
            self._current = Tunnel(self._connections, self._hold)
        elif generation < self._number or self._current is None:
            # Left of a tunnel that its client has given up.
            return b""
        return await self._current.exchange(index, data, wait)


class _Call:
    """A call that has not been answered."""

    __slots__ = ("answer", "data", "timer", "wait")

    def __init__(self, data: bytes, wait: bool) -> None:
        self.data = data
        self.wait = wait
        self.answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.timer: asyncio.TimerHandle | None = None

    def settle(self, data: bytes) -> None:
        if self.timer is not None:
            self.timer.cancel()
        if not self.answer.done():
            self.answer.set_result(data)

    def fail(self, message: str) -> None:
        if self.timer is not None:
            self.timer.cancel()
        if not self.answer.done():
            self.answer.set_exception(TunnelClosed(message))


class Tunnel:
    """A lane. Answers that carry something are given in the order of the calls, for the client reads them in that order."""

    def __init__(self, connections: Connections, hold: float) -> None:
        self._connections = connections
        self._hold = hold
        self._loop = asyncio.get_running_loop()
        self._hello = b""
        self._carried: ResumableTransport | None = None
        #: Goes before everything that is carried.
        self._first = b""
        #: Calls that have come before others with smaller numbers.
        self._early: dict[int, _Call] = {}
        self._next = 0
        #: Calls whose bytes were taken; the oldest is answered first.
        self._open: deque[_Call] = deque()
        self._has_ended = False
        self._closed: str | None = None

    async def exchange(self, index: int, data: bytes, wait: bool) -> bytes:
        if self._closed is not None:
            raise TunnelClosed(self._closed)
        if index < self._next or index in self._early or index - self._next > _MOST_AHEAD:
            self._break(f"a call has the number {index}, expected was {self._next}")
            raise TunnelClosed(f"a call has the number {index}, expected was {self._next}")
        call = _Call(data, wait)
        self._early[index] = call
        if self._carried is not None:
            self._carried.lane_busy(self)
        if index == self._next:
            self._take()
        else:
            call.timer = self._loop.call_later(self._hold, self._break, f"the call before number {index} is missing")
        try:
            return await call.answer
        except asyncio.CancelledError:
            # Whoever called does not get its bytes.
            self._break("a call was cancelled")
            raise

    # What the transport that is carried calls.

    def pump(self) -> None:
        while self._open:
            call = self._open[0]
            answer = self._collect()
            if not answer:
                break
            self._open.popleft()
            call.settle(answer)
        if any(not call.wait for call in self._open):
            # They answer what the client has to say, and it has no use for waiting.
            for call in [call for call in self._open if not call.wait]:
                self._open.remove(call)
                call.settle(b"")
        if self._carried is not None and not self._open and not self._early:
            self._carried.lane_idle(self)

    def pause_reading(self) -> None:
        """The client sends as much as its calls can carry; no more than a few can be under way."""

    def resume_reading(self) -> None:
        pass

    def end(self) -> None:
        self._close("the connection is over")

    def abort(self) -> None:
        self._carried = None
        self._close("the tunnel is over")

    # Inside.

    def _take(self) -> None:
        """Takes the bytes of the calls whose turn it is."""
        while (call := self._early.pop(self._next, None)) is not None:
            self._next += 1
            if call.timer is not None:
                call.timer.cancel()
            data, call.data = call.data, b""
            self._open.append(call)
            if call.wait:
                call.timer = self._loop.call_later(self._hold, self._waited, call)
            if data:
                self._feed(data)
            if self._closed is not None:
                return
        if self._carried is None:
            self.pump()
        else:
            self._carried.flush()

    def _feed(self, data: bytes) -> None:
        if self._carried is not None:
            self._carried.feed(data)
            return
        self._hello += data
        if not hello.is_hello_so_far(self._hello):
            self._connections.complaints.complain("garbage", "a client spoke something else than klaw")
            self._break("what was sent is no hello")
        elif len(self._hello) >= hello.HELLO_LENGTH:
            self._greet()

    def _greet(self) -> None:
        said, self._hello = self._hello, b""
        self._first, carried = self._connections.greet(said[: hello.HELLO_LENGTH])
        if carried is None:
            self._close("the connection was refused")
            return
        self._carried = carried
        carried.attach(self)
        rest = said[hello.HELLO_LENGTH :]
        if rest:
            carried.feed(rest)

    def _collect(self) -> bytes:
        pieces: list[bytes | memoryview] = []
        size = len(self._first)
        if size > 0:
            pieces.append(self._first)
            self._first = b""
        while size < _LARGEST_ANSWER and self._carried is not None:
            piece = self._carried.next_piece()
            if piece is None:
                break
            pieces.append(piece)
            size += len(piece)
        return bytes(pieces[0]) if len(pieces) == 1 else b"".join(pieces)

    def _waited(self, call: _Call) -> None:
        """There was nothing to say for long."""
        self._open.remove(call)
        call.settle(b"")
        self.pump()

    def _close(self, message: str) -> None:
        """Says what is left to say. No more calls are taken."""
        if self._closed is not None:
            return
        self.pump()
        self._closed = message
        for call in self._open:
            call.settle(b"")
        self._open.clear()
        self._fail_all(message)
        carried, self._carried = self._carried, None
        if carried is not None:
            carried.lane_lost(self, None)

    def _break(self, message: str) -> None:
        """Bytes may be lost: the client has to begin another lane."""
        if self._closed is not None:
            return
        carried, self._carried = self._carried, None
        self._closed = message
        self._fail_all(message)
        if carried is not None:
            carried.lane_lost(self, TunnelClosed(message))

    def _fail_all(self, message: str) -> None:
        for call in [*self._open, *self._early.values()]:
            call.fail(message)
        self._open.clear()
        self._early.clear()
