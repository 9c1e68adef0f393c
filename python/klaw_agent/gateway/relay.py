"""TCP connections to other processes of the cluster, for a client that can not reach those itself: it gets the bytes, and says them."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from typing import Any, Final, cast

from ..errors import KlawError, RayError
from ..tls import tls_to_cluster
from ..wire.frame import ERROR, Frame, write_header
from .frames import RELAY
from .link import Link
from .ray_errors import plain
from .serving import Request

#: Seconds for a connection to be there.
_CONNECTING_TIME: Final = 10.0
#: Bytes that may be read before the client's own connection is asked whether it keeps up.
_UNASKED: Final = 1024 * 1024
#: Bytes that may wait for the other process. Who speaks through a relay waits itself when 64 MiB are not confirmed.
_MOST_WAITING: Final = 96 * 1024 * 1024


class Relays:
    """The relays of one session, by their streams."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._relays: dict[int, Relay] = {}

    @property
    def is_busy(self) -> bool:
        """Whether there is any."""
        return bool(self._relays)

    def open(self, request: Request) -> Awaitable[None]:
        """`relay.open`: answered when the connection is there. What the client says before that is kept for it."""
        stream = request.field("stream", int)
        host, port, tls = request.field("host", str), request.field("port", int), request.field("tls", bool)
        if not 0 <= stream < 2**32 or stream in self._relays:
            raise KlawError(f"relay.open: the stream {stream} is in use, or no number of a stream")
        relay = Relay(self._link, stream, lambda: cast(None, self._relays.pop(stream, None)))
        self._relays[stream] = relay
        return relay.connect(host, port, tls_to_cluster() if tls else None)

    def frame(self, frame: Frame) -> None:
        """Bytes of the client's. Those for a relay that is over are late, and nobody's."""
        relay = self._relays.get(frame.stream)
        if relay is not None:
            relay.frame(frame)

    def close(self) -> None:
        """The session is over."""
        for relay in list(self._relays.values()):
            relay.abort()


class Relay(asyncio.Protocol):
    """One connection. Reads no faster than the client takes."""

    def __init__(self, link: Link, stream: int, over: Callable[[], None]) -> None:
        self._link = link
        self._stream = stream
        self._over = over
        self._transport: asyncio.Transport | None = None
        #: What came before the connection was there.
        self._early: list[bytes] = []
        self._early_size = 0
        self._unasked = 0
        self._asking: asyncio.Task[None] | None = None
        self._connecting: asyncio.Future[Any] | None = None
        #: Either side has said that it is over.
        self._has_ended = False
        self._is_gone = False

    async def connect(self, host: str, port: int, tls: ssl.SSLContext | None) -> None:
        """Raises `RayError` when the connection can not be made."""
        loop = asyncio.get_running_loop()
        connecting = asyncio.ensure_future(loop.create_connection(lambda: self, host, port, ssl=tls))
        self._connecting = connecting
        try:
            await asyncio.wait_for(connecting, _CONNECTING_TIME)
        except asyncio.CancelledError:
            self.abort()
            raise RayError("the client no longer waits for the connection") from None
        except Exception as error:
            self.abort()
            reason = "it did not answer in time" if isinstance(error, asyncio.TimeoutError) else plain(error)
            raise RayError(f"{host}:{port} can not be reached from the agent: {reason}", cause=error) from error
        finally:
            self._connecting = None

    def frame(self, frame: Frame) -> None:
        """Bytes for the other process, and whether they are the last."""
        body = frame.body if frame.is_own else bytes(frame.body)
        if len(body) > 0:
            self._write(body)
        if frame.flags & ERROR:
            self._end()

    def abort(self) -> None:
        """Ends at once, and tells nobody. Idempotent."""
        self._has_ended = True
        if self._transport is not None:
            self._transport.abort()
        if self._connecting is not None:
            self._connecting.cancel()
        self._leave()

    # What the socket calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        if self._is_gone:
            self._transport.abort()
            return
        early, self._early = self._early, []
        self._transport.writelines(early)
        if self._has_ended:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        if self._has_ended or self._transport is None:
            return
        self._link.write([write_header(RELAY, 0, self._stream, len(data)), data])
        self._unasked += len(data)
        if self._unasked >= _UNASKED and self._asking is None:
            self._transport.pause_reading()
            self._asking = asyncio.get_running_loop().create_task(self._ask(self._transport))

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._has_ended:
            self._has_ended = True
            self._link.write([write_header(RELAY, ERROR, self._stream, 0)])
        self._leave()

    # Inside.

    def _write(self, body: bytes | memoryview) -> None:
        if self._has_ended:
            return
        if self._transport is None:
            self._early.append(bytes(body))
            self._early_size += len(body)
            waiting = self._early_size
        else:
            self._transport.write(body)
            waiting = self._transport.get_write_buffer_size()
        if waiting > _MOST_WAITING:
            # Its client does not speak the protocol for which relays are there.
            self._link.write([write_header(RELAY, ERROR, self._stream, 0)])
            self.abort()

    def _end(self) -> None:
        """The client has nothing more to say, and does not listen any more."""
        self._has_ended = True
        if self._transport is not None:
            # What was written still leaves.
            self._transport.close()

    async def _ask(self, transport: asyncio.Transport) -> None:
        """Waits until the client's own connection keeps up."""
        try:
            await self._link.drain()
        except Exception:  # The session ends, and all relays with it.
            self.abort()
            return
        finally:
            self._asking = None
        self._unasked = 0
        if not self._has_ended and not transport.is_closing():
            transport.resume_reading()

    def _leave(self) -> None:
        if not self._is_gone:
            self._is_gone = True
            self._early.clear()
            if self._asking is not None:
                self._asking.cancel()
            self._over()
