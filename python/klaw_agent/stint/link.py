"""The connection of an actor's process to the agent of a session that calls the actor. It outlives stints, and is made again when it breaks."""

from __future__ import annotations

import secrets
import select
import socket
import ssl
from collections import deque
from contextlib import suppress
from time import monotonic
from typing import Any, Final, NamedTuple

import msgpack

from ..lane import hello
from ..tls import tls_to_cluster
from .terms import CANCELLED, WINDOW, item_reader

#: Seconds for a connection to be there, and to take what is written.
_CONNECTING_TIME: Final = 5.0
_SENDING_TIME: Final = 30.0
_READ_SIZE: Final = 256 * 1024
#: Of this process.
_INSTANCE: Final = secrets.token_bytes(16)


class LinkLost(Exception):
    """The connection is lost, or was never there."""


class Address(NamedTuple):
    """Where an agent listens, and how to say hello there, for one line of calls."""

    host: str
    port: int
    tls: bool
    token: bytes
    line: bytes


class Link:
    """The calls of one line, and their outcomes. Used by one thread. Raises `LinkLost`, after which `connect` starts anew."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._socket: socket.socket | None = None
        self._poll = select.poll()
        self._reader: Any = item_reader()
        self._calls: deque[list[Any]] = deque()
        self._cancelled: set[int] = set()
        #: Of the last stint that is not to wait for more calls.
        self._last_stint = 0
        #: Calls that have an outcome, and the outcomes of the last ones: the agent may not have got them.
        self._done = 0
        self._last: deque[object] = deque(maxlen=WINDOW)

    @property
    def is_connected(self) -> bool:
        return self._socket is not None

    def connect(self) -> None:
        """Says hello, and the report. Raises `OSError`, and `RuntimeError` for TLS that is not set up as it should be."""
        address = self._address
        connected: socket.socket = socket.create_connection((address.host, address.port), _CONNECTING_TIME)
        try:
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if address.tls:
                connected = tls_to_cluster().wrap_socket(connected, server_hostname=address.host)
            connected.sendall(hello.write_hello(address.token, hello.Hello(address.line, False, 0)))
            answer = hello.read_answer(_read_exactly(connected, hello.ANSWER_LENGTH))
            if answer.status != hello.WELCOME:
                raise ConnectionRefusedError(
                    f"the agent has refused: {hello.REASONS.get(answer.status, answer.status)}"
                )
            connected.sendall(msgpack.packb(self.report()))
            connected.setblocking(False)
        except hello.NotHello:
            connected.close()
            raise ConnectionRefusedError("somebody else listens where the agent did") from None
        except BaseException:
            connected.close()
            raise
        # What the agent had sent before, and was not done, it sends again.
        self._reader = item_reader()
        self._calls.clear()
        self._cancelled.clear()
        self._poll = select.poll()
        self._poll.register(connected, select.POLLIN)
        self._socket = connected

    def report(self) -> list[object]:
        return [_INSTANCE, self._done, list(self._last)]

    def next_call(self, stint: int, wait: float, look: bool) -> list[Any] | None:
        """The next call, `[method, *arguments]`; None when none has come within so many seconds, or the stint is to end. With `look`, what
        has come meanwhile is read first, so that a call that has been cancelled does not run."""
        if look:
            while self._receive():
                pass
        while True:
            while self._calls:
                call = self._calls.popleft()
                if self._done not in self._cancelled:
                    return call
                self._cancelled.discard(self._done)
                self.done(CANCELLED)
            if self._receive():
                continue
            if self._last_stint == stint or not self._poll.poll(wait * 1000):
                return None

    def done(self, outcome: object) -> None:
        """The call that was next is done. Its outcome leaves at once."""
        self._done += 1
        self._last.append(outcome)
        self.say(outcome)

    def say(self, item: object) -> None:
        self._send(_pack(item))

    def is_over(self) -> bool:
        """Whether the agent has closed the connection, or it was lost, while nobody used it."""
        if self._socket is None:
            return True
        try:
            # The bytes themselves, also of one with TLS.
            return not socket.socket.recv(self._socket, 1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def close(self) -> None:
        """Idempotent."""
        closing, self._socket = self._socket, None
        if closing is not None:
            closing.close()

    def _receive(self) -> bool:
        """Reads what is there. False when nothing is."""
        connected = self._connected()
        try:
            data = connected.recv(_READ_SIZE)
        except (BlockingIOError, ssl.SSLWantReadError):
            return False
        except OSError as error:
            raise self._lost(error) from error
        if not data:
            raise self._lost("the agent has closed it")
        self._reader.feed(data)
        for item in self._reader:
            if isinstance(item, list):
                self._calls.append(item)
            elif item < 0:
                self._last_stint = -item
            else:
                self._cancelled.add(item)
        return True

    def _send(self, data: bytes) -> None:
        connected = self._connected()
        try:
            sent = connected.send(data)
        except (BlockingIOError, ssl.SSLWantWriteError):
            sent = 0
        except OSError as error:
            raise self._lost(error) from error
        if sent < len(data):
            self._send_slowly(connected, memoryview(data)[sent:])

    def _send_slowly(self, connected: socket.socket, rest: memoryview) -> None:
        """The agent is behind with reading."""
        deadline = monotonic() + _SENDING_TIME
        poll = select.poll()
        poll.register(connected, select.POLLOUT)
        while rest:
            if not poll.poll(max(0.0, deadline - monotonic()) * 1000):
                raise self._lost("the agent does not read")
            try:
                with suppress(BlockingIOError, ssl.SSLWantWriteError):
                    rest = rest[connected.send(rest) :]
            except OSError as error:
                raise self._lost(error) from error

    def _lost(self, reason: object) -> LinkLost:
        self.close()
        return LinkLost(str(reason))

    def _connected(self) -> socket.socket:
        if self._socket is None:
            raise LinkLost("there is none")
        return self._socket


def _read_exactly(connected: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        piece = connected.recv(count - len(data))
        if not piece:
            raise ConnectionResetError("the agent has closed the connection before its answer")
        data += piece
    return data


_pack: Final = msgpack.Packer(use_bin_type=True, autoreset=True).pack
