"""A hub in a thread of the tests' own process, and ways to do it harm."""

from __future__ import annotations

import asyncio
import secrets
import ssl
import threading
from collections.abc import Callable
from typing import Any

from klaw._core.greeting import HubAddress
from klaw._core.runtime import Runtime
from klaw_agent.hub.hub import Hub
from klaw_agent.lane.connections import Connections
from klaw_agent.lane.resumable_transport import ResumableTransport
from klaw_agent.listener import Listener
from klaw_agent.wire.connection import Connection


class InProcessHub:
    """Listens on a port of 127.0.0.1."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        self.transports: list[ResumableTransport] = []
        self.connections: list[Connection] = []
        self.begin()

    def begin(self) -> None:
        """Another hub, that knows nothing of the one before."""
        self.address: HubAddress = self.call(self._begin)

    def call(self, function: Callable[[], Any]) -> Any:
        """Runs the function on the hub's loop."""

        async def run() -> Any:
            return function()

        return asyncio.run_coroutine_threadsafe(run(), self.loop).result(10)

    def cut(self) -> None:
        """Every TCP connection breaks."""

        def abort() -> None:
            for transport in self.transports:
                lane: Any = transport._lane
                if lane is not None:
                    lane.abort()

        self.call(abort)

    def end(self) -> None:
        """The hub is gone, and everything in it. It refuses whoever comes back."""

        def close() -> None:
            self._listener.close()
            for connection in self.connections:
                connection.close()

        self.call(close)

    def close(self) -> None:
        self.end()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()

    def runtime(self) -> Runtime:
        """Another process's session, as it were."""
        return Runtime(lambda: self.address, lambda: "a cluster")

    def _begin(self) -> HubAddress:
        token = secrets.token_bytes(32)
        self.hub = Hub(secrets.token_hex(16))

        def serve(transport: ResumableTransport) -> Connection:
            connection = self.hub.accept(transport)
            self.transports.append(transport)
            self.connections.append(connection)
            return connection

        self._listener = Listener(Connections(token, serve), tls=self._tls)
        return HubAddress("127.0.0.1", self._listener.start("127.0.0.1"), token, self._tls is not None)
