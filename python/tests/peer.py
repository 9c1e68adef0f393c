"""A client of the agent's port, for tests."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import ssl
from collections.abc import AsyncIterator, Callable
from typing import Any

from klaw_agent.codec import decode, encode
from klaw_agent.lane import hello
from klaw_agent.lane.connections import Connections
from klaw_agent.lane.hello import Hello
from klaw_agent.lane.resumable_transport import ResumableTransport, TransportListener
from klaw_agent.listener import HELLO_TIME, Listener
from klaw_agent.wire import frame as frames
from klaw_agent.wire.control_frames import GOODBYE_FRAME, is_control, received_frame

TOKEN = bytes(range(32))
HOST = "127.0.0.1"


class Peer:
    """Says hello, writes and reads frames, and confirms what it has read."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        #: Bytes of the agent's stream, and how many of them it was told of.
        self.received = 0
        self._reported = 0

    @classmethod
    async def connect(cls, port: int, **options: Any) -> Peer:
        return cls(*await asyncio.open_connection(HOST, port, limit=2**26, **options))

    async def greet(self, token: bytes = TOKEN, then: bytes = b"", said: Hello | None = None) -> int:
        """Returns the status of the answer."""
        return (await self.say(said or new_hello(), token, then)).status

    async def say(self, said: Hello, token: bytes = TOKEN, then: bytes = b"") -> hello.Answer:
        self.writer.write(hello.write_hello(token, said) + then)
        return hello.read_answer(await self.reader.readexactly(hello.ANSWER_LENGTH))

    def send(self, kind: int, flags: int, stream: int, value: object) -> None:
        body = encode(value)
        self.writer.write(frames.write_header(kind, flags, stream, len(body)) + body)

    async def receive(self) -> tuple[int, int, int, Any]:
        """Type, flags, stream, value (None without a body). Frames of the connection itself are left out."""
        while True:
            length = int.from_bytes(await self.reader.readexactly(4), "little")
            rest = await self.reader.readexactly(length)
            self.received += 4 + length
            if self.received - self._reported >= 2**20:
                self._reported = self.received
                self.writer.write(received_frame(self.received))
            if not is_control(rest[0]):
                break
        body = rest[8:]
        return rest[0], rest[1], int.from_bytes(rest[4:8], "little"), decode(body) if body else None

    async def at_end(self) -> bool:
        """Whether the other side closes, rather than sends something more than a goodbye."""
        try:
            return await asyncio.wait_for(self.reader.read(), 10) in (b"", GOODBYE_FRAME)
        except ConnectionError:
            return True

    async def close(self) -> None:
        self.writer.close()
        with contextlib.suppress(ConnectionError):
            await self.writer.wait_closed()


def new_hello(resume: bool = False, received: int = 0) -> Hello:
    """Of a connection that nobody has yet."""
    return Hello(secrets.token_bytes(hello.ID_LENGTH), resume, received)


@contextlib.asynccontextmanager
async def listening(
    serve: Callable[[ResumableTransport], TransportListener],
    *,
    tls: ssl.SSLContext | None = None,
    hello_time: float = HELLO_TIME,
    **options: Any,
) -> AsyncIterator[tuple[Listener, int]]:
    listener = Listener(Connections(TOKEN, serve, **options), tls=tls, hello_time=hello_time)
    port = listener.start(HOST)
    try:
        yield listener, port
    finally:
        listener.close()


async def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Waits for a condition that the event loop will bring about."""
    async with asyncio.timeout(seconds) if hasattr(asyncio, "timeout") else contextlib.nullcontext():
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.001)
