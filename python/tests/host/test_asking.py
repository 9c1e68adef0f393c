"""Requests to the client, and objects that it has promised, over a session without a cluster."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import pytest

pytest.importorskip("ray", reason="Ray is not installed: the gateway can not be tested")

from klaw_agent.codec import PythonObjects, SerializerRegistry, decode, encode
from klaw_agent.errors import KlawError, RayError
from klaw_agent.gateway.asking import Asking, PeerLost
from klaw_agent.gateway.completions import Completions
from klaw_agent.gateway.frames import PIECE
from klaw_agent.gateway.outgoing import Outgoing
from klaw_agent.gateway.promises import Promises
from klaw_agent.gateway.refs import Refs
from klaw_agent.gateway.serving import Request
from klaw_agent.gateway.table import NumberTaken, Table
from klaw_agent.gateway.values import Values
from klaw_agent.javascript_error import JavaScriptError
from klaw_agent.wire.frame import ABORT, ERROR, MORE, REQUEST, RESPONSE, Frame
from klaw_agent.wire.frame_buffer import FrameBuffer
from tests.gateway.client import CONTEXT, Handle


class Peer:
    """Keeps the frames that it gets."""

    def __init__(self) -> None:
        self.table = Table()
        values = Values(self.table, refs_of(self.table), SerializerRegistry(), PythonObjects())
        self.asking = Asking(self, Outgoing(self), values)
        self.frames: list[tuple[int, int, int, bytes]] = []
        self.may_drain = asyncio.Event()
        self.may_drain.set()
        self._buffer = FrameBuffer(2**31 - 1)

    def write(self, buffers: Iterable[bytes | memoryview]) -> None:
        for frame in self._buffer.put(b"".join(buffers)):
            self.frames.append((frame.type, frame.flags, frame.stream, bytes(frame.body)))

    async def drain(self) -> None:
        await asyncio.sleep(0)
        await self.may_drain.wait()

    def close(self) -> None:
        raise AssertionError("nobody ends the connection")

    def answer(self, number: int, value: Any, flags: int = 0, pieces: int = 1) -> None:
        body = encode(value, CONTEXT)
        size = -(-len(body) // pieces)
        for start in range(0, len(body), size):
            more = MORE if start + size < len(body) else 0
            piece = body[start : start + size]
            self.asking.response(Frame(RESPONSE, flags | more, number, memoryview(bytearray(piece)), False))

    def asked(self) -> list[Any]:
        """What was asked, by its number; large requests put together."""
        bodies: dict[int, bytes] = {}
        for kind, _, stream, body in self.frames:
            if kind == REQUEST:
                bodies[stream] = bodies.get(stream, b"") + body
        return [decode(body, CONTEXT) for body in bodies.values()]


def run(test: Callable[[Peer], Awaitable[None]]) -> None:
    async def main() -> None:
        await asyncio.wait_for(test(Peer()), 20)

    asyncio.run(main())


def test_answers_and_refusals_in_any_order():
    async def test(peer: Peer) -> None:
        first, second, third = [peer.asking.ask("host.call", {"args": [n]}) for n in range(3)]
        assert peer.asked() == [["host.call", {"args": [n]}] for n in range(3)]
        peer.answer(3, "c", pieces=2)
        peer.answer(1, JavaScriptError("RangeError", "no"), ERROR)
        peer.answer(2, "not even an error", ERROR)
        assert await third == "c"
        with pytest.raises(JavaScriptError, match="RangeError: no"):
            await first
        with pytest.raises(KlawError, match="not even an error"):
            await second
        # Nobody waits for these, and nothing comes of them.
        peer.answer(1, "late")
        peer.answer(77, "unknown")

    run(test)


def test_a_future_that_is_cancelled_aborts_the_request():
    async def test(peer: Peer) -> None:
        asked = peer.asking.ask("host.call", None)
        asked.cancel()
        await asyncio.sleep(0)
        assert [frame[:3] for frame in peer.frames] == [(REQUEST, 0, 1), (ABORT, 0, 1)]
        peer.answer(1, "too late")
        other = peer.asking.ask("host.run", None)
        peer.asking.abort_all()
        assert peer.frames[-1][:3] == (ABORT, 0, 2)
        peer.answer(2, "all the same")
        assert await other == "all the same"

    run(test)


def test_nothing_overtakes_a_large_request():
    async def test(peer: Peer) -> None:
        peer.may_drain.clear()
        large = bytes(3 * PIECE)
        futures = [peer.asking.ask("host.call", value) for value in ("before", large, "after", "given up")]
        await asyncio.sleep(0.01)
        futures[3].cancel()
        await asyncio.sleep(0)
        assert {frame[2] for frame in peer.frames} == {1, 2}
        peer.may_drain.set()
        while peer.frames[-1][2] != 3:  # noqa: ASYNC110
            await asyncio.sleep(0)
        assert [value for _, value in peer.asked()] == ["before", large, "after"]
        assert all(len(frame[3]) <= PIECE for frame in peer.frames)
        assert ABORT not in {frame[0] for frame in peer.frames}
        last = peer.asking.ask("host.call", "last")
        for number, future in ((1, futures[0]), (2, futures[1]), (3, futures[2]), (5, last)):
            peer.answer(number, number)
            assert await future == number

    run(test)


def test_everything_settles_when_the_session_ends():
    async def test(peer: Peer) -> None:
        peer.may_drain.clear()
        futures = [peer.asking.ask("host.call", value) for value in (1, bytes(2 * PIECE), 3)]
        peer.asking.close(ConnectionError("cut"))
        peer.asking.close(ConnectionError("twice"))
        for future in futures:
            with pytest.raises(PeerLost) as caught:
                await future
            assert isinstance(caught.value.cause, ConnectionError)
        with pytest.raises(PeerLost):
            peer.asking.ask("host.call", None)

    run(test)


def test_an_answer_waits_for_objects_that_were_promised():
    async def test(peer: Peer) -> None:
        promises = Promises(peer.table)
        promises.promise(request([5, 6]))
        asked = peer.asking.ask("host.call", None)
        peer.answer(1, {"ref": Handle(1, 5)})
        await asyncio.sleep(0.01)
        assert not asked.done()
        entry = promises.keep(5)
        assert entry is peer.table.object(5)
        entry.ref = "the ref"
        entry.be_born()
        assert await asked == {"ref": "the ref"}

    run(test)


def test_promises_are_kept_refused_or_broken_by_the_end():
    async def test(peer: Peer) -> None:
        promises = Promises(peer.table)
        promises.promise(request([5, 6, 7]))
        assert promises.keep(8) is None
        assert promises.keep(5) is peer.table.object(5)
        promises.refuse(request({"number": 6, "error": JavaScriptError("Error", "it threw")}))
        assert str(peer.table.object(6).failure) == "Error: it threw"
        with pytest.raises(KlawError, match="6 was not promised"):
            promises.refuse(request({"number": 6, "error": None}))
        with pytest.raises(NumberTaken):
            promises.promise(request([7]))
        for odd in ({}, [True], ["5"], None):
            with pytest.raises(KlawError):
                promises.promise(request(odd))
        promises.close()
        assert isinstance(peer.table.object(7).failure, RayError)
        assert not peer.table.object(5).born

    run(test)


def refs_of(table: Table) -> Refs:
    return Refs(table, Completions(asyncio.get_running_loop()))


def request(argument: Any) -> Request:
    """A request with that argument, as it comes from a client."""
    values = Values(table := Table(), refs_of(table), SerializerRegistry(), PythonObjects())
    return Request(values, memoryview(encode(["object.promise", argument])), True)
