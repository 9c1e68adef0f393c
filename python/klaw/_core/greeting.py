"""One TCP connection to the hub, until the hub has answered the hello."""

from __future__ import annotations

import asyncio
import socket
from typing import Any, Final, NamedTuple, cast

from klaw_agent.errors import KlawError
from klaw_agent.lane import hello
from klaw_agent.tls import tls_to_cluster

#: Seconds for one attempt to connect, hello included.
ATTEMPT_TIME: Final = 5.0


class HubAddress(NamedTuple):
    """Where the hub listens, as it says itself."""

    host: str
    port: int
    token: bytes
    tls: bool
    #: Which process it is, as hex, and its actor; there is none in tests without Ray.
    instance: str = ""
    actor: Any = None


class Greeting(NamedTuple):
    """A socket that is paused, what the hub has answered on it, and what it has said behind that."""

    socket: asyncio.Transport
    answer: hello.Answer
    rest: bytes

    @property
    def refusal(self) -> str | None:
        """Why the hub does not want the connection; None: it does."""
        if self.answer.status == hello.WELCOME:
            return None
        return hello.REASONS.get(self.answer.status, f"it answers with status {self.answer.status}")


async def greet(address: HubAddress, asked: hello.Hello) -> Greeting:
    """Connects and says hello. Raises `OSError` when the hub can not be reached, `KlawError` when something else answers."""
    host, port, token, tls = address[:4]
    loop = asyncio.get_running_loop()
    protocol = _HelloProtocol(hello.write_hello(token, asked))
    context = tls_to_cluster() if tls else None

    async def connect() -> Greeting:
        await loop.create_connection(lambda: protocol, host, port, ssl=context)
        return await protocol.greeting

    try:
        return await asyncio.wait_for(connect(), ATTEMPT_TIME)
    except asyncio.TimeoutError as error:
        protocol.abort()
        raise TimeoutError(f"nobody has answered at {host}:{port} within {ATTEMPT_TIME:g} s") from error
    except BaseException:
        protocol.abort()
        raise


class _HelloProtocol(asyncio.Protocol):
    """Says hello, and reads as far as the answer."""

    def __init__(self, said: bytes) -> None:
        self.greeting: asyncio.Future[Greeting] = asyncio.get_running_loop().create_future()
        self._said = said
        self._data = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        made = self._transport = cast(asyncio.Transport, transport)
        connected = made.get_extra_info("socket")
        if connected is not None:
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        made.write(self._said)

    def data_received(self, data: bytes) -> None:
        transport = self._transport
        if transport is None or self.greeting.done():
            return
        self._data += data
        if not hello.is_hello_so_far(self._data):
            self._fail(KlawError("something else than klaw's hub has answered"))
        elif len(self._data) >= hello.ANSWER_LENGTH:
            transport.pause_reading()
            said, rest = self._data[: hello.ANSWER_LENGTH], self._data[hello.ANSWER_LENGTH :]
            self.greeting.set_result(Greeting(transport, hello.read_answer(said), rest))

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(exc or ConnectionResetError("the hub has closed the connection before it had answered"))

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()
        self.greeting.cancel()

    def _fail(self, error: Exception) -> None:
        if not self.greeting.done():
            self.greeting.set_exception(error)
            # Whoever no longer waits for it is not to be told of it.
            self.greeting.exception()
