"""A client whose connection outlives its lanes, for tests: what src/engine/ray/lane/ does, without its speed."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import ssl
from collections.abc import Iterator

from klaw_agent.lane import hello
from klaw_agent.lane.hello import Answer, Hello
from klaw_agent.lane.resumable_transport import LONGEST_FRAME, ResumableTransport
from klaw_agent.wire import frame as frames
from klaw_agent.wire.frame import Frame, write_header
from klaw_agent.wire.outgoing import Buffer
from klaw_agent.wire.resumable import Resumable
from tests.peer import HOST, TOKEN


class Client:
    """Its frames are requests whose stream is a running number. What comes back is in `heard`."""

    def __init__(self) -> None:
        self.id = secrets.token_bytes(hello.ID_LENGTH)
        self.stream = Resumable(LONGEST_FRAME)
        self.heard: list[tuple[int, bytes]] = []
        self.said: list[tuple[int, bytes]] = []
        self.welcomed = False

    def say(self, body: bytes) -> None:
        number = len(self.said)
        self.said.append((number, body))
        self.stream.put([write_header(frames.REQUEST, 0, number, len(body)), body])

    def hello(self) -> bytes:
        return hello.write_hello(TOKEN, Hello(self.id, self.welcomed, self.stream.received))

    def take_answer(self, data: bytes) -> Answer:
        answer = hello.read_answer(data)
        if answer.status == hello.WELCOME:
            self.welcomed = True
            assert self.stream.resume(answer.received)
        return answer

    def take(self, data: Buffer) -> None:
        for frame in self.stream.put_received(data):
            self.heard.append((frame.stream, bytes(frame.body)))


class TcpClient(Client):
    """Over TCP, one lane after the other."""

    def __init__(self, port: int, tls: ssl.SSLContext | None = None) -> None:
        super().__init__()
        self.port = port
        self._tls = tls
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        #: Set when a lane is lost.
        self.is_lost = asyncio.Event()

    async def connect(self) -> int:
        """Opens a lane; returns the status of the answer."""
        await self.cut()
        reader, writer = await asyncio.open_connection(HOST, self.port, ssl=self._tls)
        self._writer = writer
        self.is_lost.clear()
        writer.write(self.hello())
        try:
            answer = self.take_answer(await reader.readexactly(hello.ANSWER_LENGTH))
        except BaseException:
            await self.cut()
            raise
        if answer.status != hello.WELCOME:
            assert await reader.read() == b""
            await self.cut()
            return answer.status
        self._reading = asyncio.create_task(self._read(reader))
        self.flush()
        return answer.status

    async def connect_until_welcome(self) -> None:
        while True:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                assert await self.connect() == hello.WELCOME
                return

    def flush(self) -> None:
        writer = self._writer
        while writer is not None and not writer.transport.is_closing() and (piece := self.stream.next()) is not None:
            writer.write(piece)

    async def cut(self) -> None:
        """Ends the lane without a word."""
        writer, self._writer = self._writer, None
        reading, self._reading = self._reading, None
        if reading is not None:
            reading.cancel()
            await asyncio.wait([reading])
        if writer is not None:
            writer.transport.abort()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            while data := await reader.read(2**18):
                self.take(data)
                if self.stream.is_over:
                    break
                self.flush()
        except ConnectionError:
            pass
        finally:
            if self._writer is not None:
                self._writer.close()
            self.is_lost.set()


class Echo:
    """Sends back every frame, and knows how its connection ended."""

    def __init__(self, transport: ResumableTransport) -> None:
        self.transport = transport
        self.heard: list[tuple[int, int]] = []
        self.own: list[bool] = []
        self.lost: list[str] = []
        self.failure: Exception | None = None

    def receive(self, received: Iterator[Frame]) -> None:
        try:
            for frame in received:
                self.heard.append((frame.stream, len(frame.body)))
                self.own.append(frame.is_own)
                body = frame.body if frame.is_own else bytes(frame.body)
                self.transport.write([write_header(frames.RESPONSE, 0, frame.stream, len(body)), body])
        except frames.FrameError as error:
            self.failure = error
            self.transport.close()

    def transport_lost(self, message: str, reason: Exception | None) -> None:
        self.lost.append(message)


class Echoes:
    """All that were served."""

    def __init__(self) -> None:
        self.all: list[Echo] = []

    def serve(self, transport: ResumableTransport) -> Echo:
        self.all.append(Echo(transport))
        return self.all[-1]
