from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from client import Client, Failure, Run

from klaw_agent.gateway.frames import RELAY
from klaw_agent.wire.frame import ERROR, write_header

#: What the other process does with a connection.
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Other:
    """Another process of the cluster: a port."""

    def __init__(self, serve: Serve) -> None:
        self._serve = serve
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> int:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        return self._server.sockets[0].getsockname()[1]

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._tasks.add(asyncio.current_task())  # type: ignore[arg-type]
        try:
            await self._serve(reader, writer)
        finally:
            writer.close()


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(2**16):
        writer.write(data)
        await writer.drain()


def open_relay(client: Client, port: int, stream: int = 7) -> asyncio.Future[Any]:
    return client.ask("relay.open", {"stream": stream, "host": "127.0.0.1", "port": port, "tls": False})


def say(client: Client, data: bytes, flags: int = 0, stream: int = 7) -> None:
    client.send(write_header(RELAY, flags, stream, len(data)) + data)


def test_bytes_go_both_ways(with_client: Run):
    async def test(client: Client) -> None:
        async with Other(echo) as port:
            await open_relay(client, port)
            sent = b"".join(bytes([index]) * 100_000 for index in range(100))
            for start in range(0, len(sent), 250_000):
                say(client, sent[start : start + 250_000])
            assert await client.relayed(7, len(sent)) == sent
            say(client, b"", ERROR)

    with_client(test)


def test_what_is_said_early_and_last_arrives(with_client: Run):
    async def test(client: Client) -> None:
        heard: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

        async def listen(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
            heard.set_result(await reader.read(-1))

        async with Other(listen) as port:
            opened = open_relay(client, port)
            say(client, b"early, ")
            say(client, b"and last", ERROR)
            await opened
            assert await heard == b"early, and last"
            # Whatever is said afterwards is nobody's.
            say(client, b"late")

    with_client(test)


def test_the_end_of_the_connection_is_told(with_client: Run):
    async def test(client: Client) -> None:
        async def leave(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"bye")

        async with Other(leave) as port:
            await open_relay(client, port)
            assert await client.relayed(7, 3) == b"bye"
            await client.relay_ended(7)
            # The number is free again.
            await open_relay(client, port)
            await client.relay_ended(7)

    with_client(test)


def test_who_can_not_be_reached_is_named(with_client: Run):
    async def test(client: Client) -> None:
        async with Other(echo) as port:
            pass
        with pytest.raises(Failure, match=f"127.0.0.1:{port} can not be reached from the agent") as failure:
            await open_relay(client, port)
        assert failure.value.error.code == "RAY"

    with_client(test)


def test_a_stream_is_used_once_at_a_time(with_client: Run):
    async def test(client: Client) -> None:
        async with Other(echo) as port:
            await open_relay(client, port)
            with pytest.raises(Failure, match="the stream 7 is in use"):
                await open_relay(client, port)
            say(client, b"", ERROR)

    with_client(test)


def test_a_client_that_is_slow_is_not_read_for(with_client: Run):
    async def test(client: Client) -> None:
        written = 0
        blocked = asyncio.Event()
        total = 64 * 2**20

        async def flood(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal written
            writer.transport.set_write_buffer_limits(high=2**24)
            while written < total:
                writer.write(bytes(2**20))
                written += 2**20
                if writer.transport.get_write_buffer_size() > 2**22:
                    blocked.set()
                await writer.drain()

        async with Other(flood) as port:
            client.hold()
            await open_relay(client, port)
            await blocked.wait()
            assert client.relayed_bytes(7) < 8 * 2**20
            client.let_go()
            assert len(await client.relayed(7, total)) == total

    with_client(test)


def test_relays_end_with_the_session(with_client: Run):
    async def test(client: Client) -> None:
        ended = asyncio.Event()

        async def listen(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
            try:
                await reader.read(-1)
            except ConnectionError:
                pass
            finally:
                ended.set()

        async with Other(listen) as port:
            await open_relay(client, port)
            await client.session.close()
            await ended.wait()

    with_client(test)
