"""A TCP proxy that cuts connections after so many bytes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import cast

from tests.peer import HOST


class _Pair:
    """Both ends of a connection through the proxy, and how many bytes it still carries; None: no limit."""

    def __init__(self, left: int | None) -> None:
        self.left = left
        self.ends: list[asyncio.Transport] = []

    def spend(self, count: int) -> int:
        if self.left is not None:
            count = min(count, self.left)
            self.left -= count
        return count

    def cut(self) -> None:
        for end in self.ends:
            end.abort()


class _End(asyncio.Protocol):
    def __init__(self, pair: _Pair) -> None:
        self.pair = pair
        self.other: _End | None = None
        self.transport: asyncio.Transport | None = None
        #: What comes before the other end is there.
        self.early = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.pair.ends.append(self.transport)

    def data_received(self, data: bytes) -> None:
        if self.other is None or self.other.transport is None:
            self.early += data
            return
        allowed = self.pair.spend(len(data))
        if not self.other.transport.is_closing():
            self.other.transport.write(data[:allowed])
        if allowed < len(data):
            self.pair.cut()

    def pause_writing(self) -> None:
        if self.other is not None and self.other.transport is not None and not self.other.transport.is_closing():
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other is not None and self.other.transport is not None and not self.other.transport.is_closing():
            self.other.transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self.pair.cut()


@contextlib.asynccontextmanager
async def cutting(target: int, budgets: Iterable[int]) -> AsyncIterator[int]:
    """The proxy's port. Each connection in turn carries so many bytes, both directions together; those after the last, any."""
    loop = asyncio.get_running_loop()
    limits: Iterator[int] = iter(budgets)
    pairs: list[_Pair] = []
    tasks: set[asyncio.Task[None]] = set()

    async def join(near: _End) -> None:
        try:
            _, far = await loop.create_connection(lambda: _End(near.pair), HOST, target)
        except OSError:
            near.pair.cut()
            return
        near.other, far.other = far, near
        early, near.early = near.early, b""
        near.data_received(early)
        far_early, far.early = far.early, b""
        far.data_received(far_early)

    class Near(_End):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            super().connection_made(transport)
            task = loop.create_task(join(self))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    def make() -> _End:
        pairs.append(_Pair(next(limits, None)))
        return Near(pairs[-1])

    server = await loop.create_server(make, HOST, 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for pair in pairs:
            pair.cut()
        await server.wait_closed()
