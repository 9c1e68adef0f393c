"""The agent's port. Nobody gets further than the hello without the session's token."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from collections.abc import Callable
from typing import Final, Protocol, cast

from .lane import hello
from .lane.complaints import Complaints
from .lane.tcp_lane import Carried, TcpLane
from .lane.wakefulness import Wakefulness

#: Seconds within which a client must have said its hello, TLS included.
HELLO_TIME: Final = 5.0
#: Clients that have not said their hello yet; more are closed at once.
MOST_UNKNOWN: Final = 64
#: Seconds without accepting after the process has run out of descriptors.
_BREATHER: Final = 1.0
_ACCEPTS_PER_TURN: Final = 32
#: Seconds of silence, seconds between questions, and how many of them go without an answer; not all systems know all of these.
_KEEP_ALIVE: Final = {"TCP_KEEPIDLE": 15, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 4}


class Welcomed(Carried, Protocol):
    """What a client's lane carries once it is welcome."""

    def attach(self, lane: TcpLane) -> None: ...

    def feed(self, data: bytes) -> None:
        """What came with the hello."""
        ...


class Door(Protocol):
    """Knows who may come."""

    complaints: Complaints

    def greet(self, data: bytes) -> tuple[bytes, Welcomed | None]:
        """Judges a hello. Returns the answer to it, and what the lane has to carry from then on: None when it is refused. Raises `NotHello`."""
        ...


class Listener:
    """Accepts clients on one address. Those that `connections` welcomes become lanes."""

    def __init__(
        self,
        connections: Door,
        *,
        tls: ssl.SSLContext | None = None,
        hello_time: float = HELLO_TIME,
        most_unknown: int = MOST_UNKNOWN,
        wakefulness: Wakefulness | None = None,
    ) -> None:
        self.connections = connections
        #: Of the loop, for lanes that carry what somebody waits for.
        self.wakefulness = wakefulness
        self._most_unknown = most_unknown
        self._tls = tls
        self._hello_time = hello_time
        self._loop = asyncio.get_running_loop()
        self._socket: socket.socket | None = None
        self._unknown: dict[object, Callable[[], None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._breather: asyncio.TimerHandle | None = None

    def start(self, host: str, port: int = 0) -> int:
        """Listens on that address only; returns the port. Raises `OSError`."""
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind, protocol)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
            listening.listen(max(128, self._most_unknown))
            listening.setblocking(False)
        except OSError:
            listening.close()
            raise
        self._socket = listening
        self._loop.add_reader(listening.fileno(), self._accept)
        return cast(int, listening.getsockname()[1])

    def close(self) -> None:
        """Stops listening. Clients that have said their hello stay."""
        if self._breather is not None:
            self._breather.cancel()
        if self._socket is not None:
            self._loop.remove_reader(self._socket.fileno())
            self._socket.close()
            self._socket = None
        for drop in list(self._unknown.values()):
            drop()

    @property
    def unknown(self) -> int:
        """Clients that have not said their hello yet."""
        return len(self._unknown)

    def complain(self, kind: str, message: str) -> None:
        self.connections.complaints.complain(kind, message)

    def known(self, key: object) -> None:
        """A client is no longer unknown: it has said its hello, or is gone."""
        self._unknown.pop(key, None)

    def _accept(self) -> None:
        for _ in range(_ACCEPTS_PER_TURN):
            if self._socket is None:
                return
            try:
                client, _address = self._socket.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
                    raise
                self.complain("resources", f"no connection can be accepted for now: {error}")
                self._loop.remove_reader(self._socket.fileno())
                self._breather = self._loop.call_later(_BREATHER, self._go_on)
                return
            if len(self._unknown) >= self._most_unknown:
                self.complain(
                    "many", f"more than {self._most_unknown} clients have not said their hello: one was closed"
                )
                client.close()
                continue
            client.setblocking(False)
            self._greet(client)

    def _go_on(self) -> None:
        if self._socket is not None:
            self._loop.add_reader(self._socket.fileno(), self._accept)

    def _greet(self, client: socket.socket) -> None:
        key = object()
        task = self._loop.create_task(self._connect(client, key))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._unknown[key] = lambda: cast(None, task.cancel())

    async def _connect(self, client: socket.socket, key: object) -> None:
        protocol = HelloProtocol(self, key, self._hello_time)
        try:
            _tune(client)
            await self._loop.connect_accepted_socket(
                lambda: protocol,
                client,
                ssl=self._tls,
                ssl_handshake_timeout=None if self._tls is None else self._hello_time,
            )
            if key in self._unknown:
                self._unknown[key] = protocol.drop
        except asyncio.CancelledError:
            self.known(key)
            protocol.drop()
            client.close()
            raise
        except Exception as error:
            self.known(key)
            client.close()
            self.complain("tls", f"a client did not get through TLS: {error}")


def _tune(client: socket.socket) -> None:
    """Small frames leave at once; a host that is gone without a word is noticed within a minute, also when nothing is said."""
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in _KEEP_ALIVE.items():
        if hasattr(socket, option):
            client.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)


class HelloProtocol(asyncio.Protocol):
    """A client that nobody knows yet."""

    def __init__(self, listener: Listener, key: object, hello_time: float) -> None:
        self._listener = listener
        self._key = key
        self._data = b""
        self._transport: asyncio.Transport | None = None
        self._hello_time = hello_time
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._deadline = asyncio.get_running_loop().call_later(self._hello_time, self._too_late)

    def data_received(self, data: bytes) -> None:
        if self._transport is None:
            return
        self._data += data
        if not hello.is_hello_so_far(self._data):
            self._listener.complain("garbage", "a client spoke something else than klaw")
            self.drop()
        elif len(self._data) >= hello.HELLO_LENGTH:
            self._answer(self._transport)

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport is not None and self._data:
            self._listener.complain("truncated", "a client was gone before it had said its hello")
        self._leave()

    def drop(self) -> None:
        """Closes without a word."""
        transport = self._transport
        self._leave()
        if transport is not None:
            transport.abort()

    def _answer(self, transport: asyncio.Transport) -> None:
        said, self._data = self._data, b""
        self._leave()
        answer, carried = self._listener.connections.greet(said[: hello.HELLO_LENGTH])
        transport.write(answer)
        if carried is None:
            transport.close()
            return
        lane = TcpLane(transport, carried, self._listener.wakefulness)
        transport.set_protocol(lane)
        carried.attach(lane)
        rest = said[hello.HELLO_LENGTH :]
        if rest:
            carried.feed(rest)

    def _too_late(self) -> None:
        self._listener.complain("late", "a client did not say its hello in time")
        self.drop()

    def _leave(self) -> None:
        self._listener.known(self._key)
        self._transport = None
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
