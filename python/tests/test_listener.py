from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

import pytest

from klaw_agent.lane import hello
from klaw_agent.lane.resumable_transport import ResumableTransport
from klaw_agent.listener import MOST_UNKNOWN
from klaw_agent.wire import frame as frames
from klaw_agent.wire.connection import Connection
from tests.peer import TOKEN, Peer, listening, new_hello, until


def make(transport: ResumableTransport) -> Connection:
    return Connection(transport, {"echo": lambda value, _: value})


def run(test: Callable[[], Awaitable[None]]) -> None:
    async def limited() -> None:
        await asyncio.wait_for(test(), 30)

    asyncio.run(limited())


async def echoes(port: int) -> bool:
    """Whether the session is unharmed."""
    peer = await Peer.connect(port)
    body = b"\x92\xa4echo\x01"
    # The first frame comes together with the hello.
    request = frames.write_header(frames.REQUEST, 0, 1, len(body)) + body
    status = await peer.greet(then=request)
    answer = await peer.receive()
    await peer.close()
    return status == 0 and answer == (frames.RESPONSE, 0, 1, 1)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (hello.write_hello(bytes(32), new_hello()), hello.WRONG_TOKEN),
        (b"KLAW\x02\x00\x00\x00" + TOKEN + bytes(24), hello.UNSUPPORTED_VERSION),
        (b"KLAW\x01\x02\x00\x00" + TOKEN + bytes(24), hello.UNSUPPORTED_VERSION),
        (hello.write_hello(TOKEN, new_hello(resume=True)), hello.UNKNOWN_CONNECTION),
        (hello.write_hello(TOKEN, new_hello(received=1)), hello.UNKNOWN_CONNECTION),
    ],
)
def test_refusals(data: bytes, status: int) -> None:
    async def test() -> None:
        async with listening(make) as (listener, port):
            peer = await Peer.connect(port)
            for byte in data:
                peer.writer.write(bytes([byte]))
            assert hello.read_answer(await peer.reader.readexactly(hello.ANSWER_LENGTH)) == (1, status, 0)
            assert await peer.at_end()
            await peer.close()
            assert listener.unknown == 0
            assert await echoes(port)

    run(test)


def test_a_session_that_is_over() -> None:
    async def test() -> None:
        async with listening(make, is_open=lambda: False) as (_, port):
            peer = await Peer.connect(port)
            assert await peer.greet() == hello.ENDING
            assert await peer.at_end()
            await peer.close()

    run(test)


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01", b"K" * 10**6])
def test_something_else(data: bytes, caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        async with listening(make) as (_, port):
            for _ in range(5):
                peer = await Peer.connect(port)
                peer.writer.write(data)
                assert await peer.at_end()
                await peer.close()
            assert await echoes(port)

    with caplog.at_level(logging.WARNING):
        run(test)
    assert len(caplog.records) == 1


def test_who_says_nothing_is_closed() -> None:
    async def test() -> None:
        async with listening(make, hello_time=0.05) as (listener, port):
            silent, slow = await Peer.connect(port), await Peer.connect(port)
            slow.writer.write(b"KLA")
            assert await silent.at_end()
            assert await slow.at_end()
            await until(lambda: listener.unknown == 0)
            for peer in (silent, slow):
                await peer.close()
            assert await echoes(port)

    run(test)


def test_a_hundred_unknown_clients(caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        async with listening(make) as (listener, port):
            known = await Peer.connect(port)
            assert await known.greet() == 0
            peers = [await Peer.connect(port) for _ in range(100)]
            ends = [asyncio.ensure_future(peer.reader.read(1)) for peer in peers]
            await until(lambda: sum(end.done() for end in ends) == 100 - MOST_UNKNOWN)
            assert listener.unknown == MOST_UNKNOWN
            known.send(frames.REQUEST, 0, 1, ["echo", 1])
            assert (await known.receive())[3] == 1
            for peer in [*peers, known]:
                peer.writer.transport.abort()
            await asyncio.gather(*ends, return_exceptions=True)
            await until(lambda: listener.unknown == 0)
            assert await echoes(port)

    with caplog.at_level(logging.WARNING):
        run(test)
    assert len(caplog.records) == 1


def test_closing_drops_the_unknown() -> None:
    async def test() -> None:
        async with listening(make) as (listener, port):
            peer = await Peer.connect(port)
            await until(lambda: listener.unknown == 1)
            listener.close()
            assert await peer.at_end()
            await peer.close()
            with pytest.raises(ConnectionRefusedError):
                await Peer.connect(port)

    run(test)
