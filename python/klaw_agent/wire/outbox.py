"""What a connection still has to send. Large buffers wait as they are; the transport gets them piece by piece."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final

#: The transport copies what it cannot send at once, so it gets no more than this at a time.
_PIECE: Final = 256 * 1024
#: Buffers below this are joined, to be sent in one call.
_JOINED: Final = 32 * 1024
#: Who drains waits while more than this many bytes are queued.
HIGH_WATER: Final = 4 * 1024 * 1024


class Outbox:
    """Buffers in order. `on_drained` is called when the queue falls below half of the high-water mark."""

    def __init__(self, on_drained: Callable[[], None]) -> None:
        self._queue: deque[bytes | memoryview] = deque()
        self._on_drained = on_drained
        self._waiters: list[asyncio.Future[None]] = []
        self._transport: asyncio.WriteTransport | None = None
        self._is_paused = False
        self.size = 0

    def start(self, transport: asyncio.WriteTransport) -> None:
        transport.set_write_buffer_limits(high=_PIECE)
        self._transport = transport

    def put(self, buffers: Iterable[bytes | memoryview]) -> None:
        for buffer in buffers:
            size = buffer.nbytes if isinstance(buffer, memoryview) else len(buffer)
            if size > 0:
                self._queue.append(buffer)
                self.size += size

    def pause(self) -> None:
        self._is_paused = True

    def resume(self) -> None:
        self._is_paused = False
        self.flush()

    def flush(self) -> None:
        """Hands the transport as much as it takes."""
        transport = self._transport
        if transport is None:
            return
        while self._queue and not self._is_paused:
            piece = self._next_piece()
            self.size -= len(piece)
            transport.write(piece)
        if self.size < HIGH_WATER // 2:
            self._settle(None)
            self._on_drained()

    async def drain(self) -> None:
        """Waits until little is queued. Raises the connection's error when it is lost."""
        if self.size < HIGH_WATER:
            return
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        await waiter

    def lose(self, error: Exception) -> None:
        """Drops everything; who drains gets the error."""
        self._transport = None
        self._queue.clear()
        self.size = 0
        self._settle(error)

    def _settle(self, error: Exception | None) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if waiter.done():
                continue
            if error is None:
                waiter.set_result(None)
            else:
                waiter.set_exception(error)

    def _next_piece(self) -> bytes | memoryview:
        first = self._queue.popleft()
        if len(first) > _PIECE:
            view = memoryview(first)
            self._queue.appendleft(view[_PIECE:])
            return view[:_PIECE]
        if len(first) >= _JOINED or not self._queue:
            return first
        small = [first]
        size = len(first)
        while self._queue and size + len(self._queue[0]) <= _PIECE and len(self._queue[0]) < _JOINED:
            small.append(self._queue.popleft())
            size += len(small[-1])
        return b"".join(small)
