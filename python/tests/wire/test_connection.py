from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from klaw_agent.errors import ActorNotFoundError, KlawError, RuntimeClosedError
from klaw_agent.javascript_error import JavaScriptError
from klaw_agent.lane.resumable_transport import ResumableTransport
from klaw_agent.wire import frame as frames
from klaw_agent.wire.connection import Connection, Operation
from tests.peer import Peer, listening, until


def run(test: Callable[[], Awaitable[None]]) -> None:
    async def limited() -> None:
        await asyncio.wait_for(test(), 30)

    asyncio.run(limited())


@asynccontextmanager
async def connected(operations: dict[str, Operation], **options: Any) -> AsyncIterator[tuple[Peer, Connection]]:
    made: list[Connection] = []

    def serve(transport: ResumableTransport) -> Connection:
        made.append(Connection(transport, operations))
        return made[-1]

    async with listening(serve, **{"grace": 0.01, **options}) as (_, port):
        peer = await Peer.connect(port)
        assert await peer.greet() == 0
        try:
            yield peer, made[0]
        finally:
            await peer.close()
            await until(lambda: made[0].lost is not None)


def test_requests_are_answered() -> None:
    async def later(value: object, _context: object) -> object:
        await asyncio.sleep(0)
        return [value]

    def fail(_argument: object, _context: object) -> object:
        raise ActorNotFoundError("Failed to look up actor with name x")

    async def fail_later(_argument: object, _context: object) -> object:
        raise ValueError("later")

    async def test() -> None:
        operations: dict[str, Operation] = {
            "now": lambda value, _context: value,
            "later": later,
            "fail": fail,
            "fail-later": fail_later,
            "not sendable": lambda _value, _context: iter([]),
        }
        async with connected(operations) as (peer, _):
            peer.send(frames.REQUEST, 0, 1, ["now", {"a": 1}])
            assert await peer.receive() == (frames.RESPONSE, 0, 1, {"a": 1})
            peer.send(frames.REQUEST, 0, 2, ["later", "x"])
            assert await peer.receive() == (frames.RESPONSE, 0, 2, ["x"])
            expected = {
                "fail": (ActorNotFoundError, "Failed to look up actor with name x"),
                "fail-later": (JavaScriptError, "ValueError: later"),
                "not sendable": (KlawError, "value: a list_iterator cannot be sent"),
                "unknown": (KlawError, "the peer asked for an unknown operation: unknown"),
            }
            for number, (name, (kind, text)) in enumerate(expected.items(), 3):
                peer.send(frames.REQUEST, 0, number, [name, None])
                *head, error = await peer.receive()
                assert head == [frames.RESPONSE, frames.ERROR, number]
                assert isinstance(error, kind)
                assert str(error) == text

    run(test)


def test_an_abort_cancels() -> None:
    async def test() -> None:
        ended = asyncio.Event()
        started = asyncio.Event()

        async def wait(_argument: object, _context: object) -> None:
            started.set()
            try:
                await asyncio.get_running_loop().create_future()
            finally:
                ended.set()

        async with connected({"wait": wait}) as (peer, _):
            peer.send(frames.REQUEST, 0, 1, ["wait", None])
            await started.wait()
            peer.writer.write(frames.write_frame(frames.ABORT, 0, 1))
            await ended.wait()
            assert (await peer.receive())[:3] == (frames.RESPONSE, frames.ERROR, 1)
            ended.clear()
            started.clear()
            peer.send(frames.REQUEST, 0, 2, ["wait", None])
            await started.wait()
        await ended.wait()

    run(test)


def test_the_agent_asks_too() -> None:
    async def test() -> None:
        async with connected({}) as (peer, connection):
            first, second, third = (connection.request("ask", number) for number in range(3))
            for number in range(3):
                kind, _, stream, value = await peer.receive()
                assert (kind, value) == (frames.REQUEST, ["ask", number])
                if number < 2:
                    peer.send(frames.RESPONSE, number, stream, "answer" if number == 0 else ValueError("no"))
            assert await first == "answer"
            with pytest.raises(JavaScriptError, match="ValueError: no"):
                await second
            third.cancel()
            assert (await peer.receive())[:3] == (frames.ABORT, 0, 3)
            pending = connection.request("ask")
            connection.notify("told", [1])
            await peer.receive()
            assert await peer.receive() == (frames.EVENT, 0, 0, ["told", [1]])
        with pytest.raises(RuntimeClosedError, match="not resumed"):
            await pending
        with pytest.raises(RuntimeClosedError):
            connection.request("ask")

    run(test)


@pytest.mark.parametrize(
    "data",
    [
        b"\x01\x00\x00\x00garbage",
        b"\xff\xff\xff\xff",
        frames.write_frame(0x99, 0, 0),
        frames.write_frame(frames.REQUEST, 0, 1),
        frames.write_header(frames.REQUEST, 0, 1, 1) + b"\x01",
        frames.write_header(frames.EVENT, 0, 0, 1) + b"\xc1",
    ],
)
def test_a_frame_that_cannot_be_read_ends_the_connection(data: bytes) -> None:
    async def test() -> None:
        async with connected({}, longest_frame=10**6) as (peer, connection):
            told: list[Exception] = []
            connection.on_lost(told.append)
            peer.writer.write(data)
            kind, _, _, value = await peer.receive()
            if kind == frames.RESPONSE:
                # A request whose value says nothing is refused; a frame of that kind may follow.
                assert isinstance(value, KlawError)
                return
            assert (kind, value[0]) == (frames.EVENT, "connection.failed")
            assert "can not be read" in str(value[1])
            assert await peer.at_end()
            assert len(told) == 1

    run(test)


def test_a_connection_that_is_cut_in_a_frame() -> None:
    async def test() -> None:
        async with connected({}) as (peer, connection):
            peer.writer.write(frames.write_header(frames.REQUEST, 0, 1, 10**7) + b"x" * 100_000)
            await peer.writer.drain()
        assert "in the middle of a frame" in str(connection.lost)

    run(test)


def test_a_peer_says_why_it_goes() -> None:
    async def test() -> None:
        async with connected({}) as (peer, connection):
            peer.send(frames.EVENT, 0, 0, ["connection.failed", ValueError("what is that?")])
        assert str(connection.lost.__cause__) == "ValueError: what is that?"  # type: ignore[union-attr]

    run(test)


def test_streams_and_calls_get_their_frames() -> None:
    class Sink:
        def __init__(self) -> None:
            self.frames: list[int] = []
            self.lost: list[Exception] = []

        def frame(self, frame: frames.Frame) -> None:
            self.frames.append(frame.type)

        def connection_lost(self, error: Exception) -> None:
            self.lost.append(error)

    async def test() -> None:
        async with connected({"ping": lambda value, _: value}) as (peer, connection):
            stream, calls, stray = Sink(), Sink(), Sink()
            connection.add_stream(5, stream)
            connection.calls = calls
            connection.stray_frame = stray.frame
            for kind, number in ((frames.DEMAND, 5), (frames.TAKEN, 6), (frames.CALL, 5)):
                peer.writer.write(frames.write_frame(kind, 0, number, 1))
            peer.send(frames.REQUEST, 0, 1, ["ping", None])
            await peer.receive()
            assert (stream.frames, calls.frames, stray.frames) == ([frames.DEMAND], [frames.CALL], [frames.TAKEN])
        assert len(stream.lost) == len(calls.lost) == 1

    run(test)


def test_large_values_both_ways_and_back_pressure() -> None:
    async def test() -> None:
        big = b"x" * 16_000_000
        async with connected({"echo": lambda value, _: value}) as (peer, connection):
            peer.send(frames.REQUEST, 0, 1, ["echo", big])
            answer = asyncio.ensure_future(peer.receive())
            assert (await answer)[3] == big
            for _ in range(8):
                connection.notify("big", big)
            draining = asyncio.ensure_future(connection.drain())
            await asyncio.sleep(0)
            assert not draining.done()
            # It asks, and does not read: nothing more is taken from it, and its request is not lost.
            peer.send(frames.REQUEST, 0, 2, ["echo", 1])
            for _ in range(8):
                assert (await peer.receive())[3] == ["big", big]
            await draining
            assert await peer.receive() == (frames.RESPONSE, 0, 2, 1)

    run(test)


def test_closing_sends_what_was_written() -> None:
    async def test() -> None:
        async with connected({}) as (peer, connection):
            connection.notify("last", b"x" * 5_000_000)
            connection.close()
            assert (await peer.receive())[3][0] == "last"
            assert await peer.at_end()
            with pytest.raises(RuntimeClosedError):
                await connection.drain()

    run(test)
