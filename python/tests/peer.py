"""A client of the agent's port, for tests."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

from klaw_agent import hello
from klaw_agent.codec import decode, encode
from klaw_agent.listener import Listener
from klaw_agent.wire import frame as frames
from klaw_agent.wire.connection import Connection

TOKEN = bytes(range(32))
HOST = "127.0.0.1"


class Peer:
    """Says hello, writes and reads frames."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def connect(cls, port: int, **options: Any) -> Peer:
        return cls(*await asyncio.open_connection(HOST, port, limit=2**26, **options))

    async def greet(self, token: bytes = TOKEN, then: bytes = b"") -> int:
        """Returns the status of the answer."""
        self.writer.write(hello.write_hello(token) + then)
        return hello.read_answer(await self.reader.readexactly(hello.ANSWER_LENGTH))[1]

    def send(self, kind: int, flags: int, stream: int, value: object) -> None:
        body = encode(value)
        self.writer.write(frames.write_header(kind, flags, stream, len(body)) + body)

    async def receive(self) -> tuple[int, int, int, Any]:
        """Type, flags, stream, value (None without a body)."""
        length = int.from_bytes(await self.reader.readexactly(4), "little")
        rest = await self.reader.readexactly(length)
        body = rest[8:]
        return rest[0], rest[1], int.from_bytes(rest[4:8], "little"), decode(body) if body else None

    async def at_end(self) -> bool:
        """Whether the other side closes, rather than sends something."""
        try:
            return await asyncio.wait_for(self.reader.read(1), 10) == b""
        except ConnectionError:
            return True

    async def close(self) -> None:
        self.writer.close()
        with contextlib.suppress(ConnectionError):
            await self.writer.wait_closed()


@contextlib.asynccontextmanager
async def listening(make_connection: Callable[[], Connection], **options: Any) -> AsyncIterator[tuple[Listener, int]]:
    listener = Listener(TOKEN, make_connection, **options)
    port = listener.start(HOST)
    try:
        yield listener, port
    finally:
        listener.close()


async def until(condition: Callable[[], bool]) -> None:
    """Waits for a condition that the event loop will bring about."""
    async with asyncio.timeout(10) if hasattr(asyncio, "timeout") else contextlib.nullcontext():
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.001)
