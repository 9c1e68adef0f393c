"""What goes together leaves in one write, whatever of it the system takes."""

from __future__ import annotations

import asyncio
import os
import random
import socket
from collections import deque
from collections.abc import Sequence

import pytest

from klaw_agent.lane.tcp_lane import TcpLane
from klaw_agent.wire.outgoing import PIECE, Buffer


class Pieces:
    """Something to be carried."""

    def __init__(self, pieces: Sequence[Buffer]) -> None:
        self.left = deque(pieces)
        self.lane: TcpLane | None = None
        self.is_lost = asyncio.Event()

    def next_piece(self) -> Buffer | None:
        return self.left.popleft() if self.left else None

    def writable(self) -> memoryview:
        return memoryview(bytearray(16))

    def wrote(self, count: int) -> None:
        raise AssertionError("nothing comes")

    def flush(self) -> None:
        assert self.lane is not None
        self.lane.pump()

    def lane_lost(self, lane: TcpLane, reason: Exception | None) -> None:
        self.is_lost.set()


async def carrying(pieces: Sequence[Buffer]) -> tuple[Pieces, socket.socket]:
    """Pieces on a lane, and the other end of it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        other = socket.create_connection(server.getsockname())
        accepted, _ = server.accept()
    for each in (accepted, other):
        each.setblocking(False)
    transport, _ = await asyncio.get_running_loop().connect_accepted_socket(asyncio.Protocol, accepted)
    carried = Pieces(pieces)
    carried.lane = TcpLane(transport, carried)
    transport.set_protocol(carried.lane)
    return carried, other


async def read(other: socket.socket, count: int, at_once: int) -> bytes:
    received = bytearray()
    loop = asyncio.get_running_loop()
    while len(received) < count:
        data = await loop.sock_recv(other, at_once)
        assert data
        received += data
    return bytes(received)


def written(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many pieces each write has."""
    counts: list[int] = []
    writev = os.writev

    def counted(descriptor: int, pieces: Sequence[Buffer]) -> int:
        counts.append(len(pieces))
        return writev(descriptor, pieces)

    monkeypatch.setattr(os, "writev", counted)
    return counts


def test_the_head_of_a_frame_leaves_with_its_body(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = written(monkeypatch)
    pieces = [b"head", bytes(range(256)) * 200, b"another head", memoryview(b"body")]

    async def test() -> None:
        carried, other = await carrying(pieces)
        carried.flush()
        whole = b"".join(pieces)
        assert await read(other, len(whole), PIECE) == whole
        other.close()
        await carried.is_lost.wait()

    asyncio.run(asyncio.wait_for(test(), 30))
    assert counts == [4]


@pytest.mark.parametrize("seed", range(6))
def test_what_the_system_does_not_take_follows_in_order(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    chance = random.Random(seed)
    counts = written(monkeypatch)
    sizes = [chance.choice([1, 40, 3_000, PIECE - 1, PIECE]) for _ in range(400)]
    pieces = [chance.randbytes(size) for size in sizes]

    async def test() -> None:
        carried, other = await carrying(pieces)
        # Nobody reads yet: it is full after a while, in the middle of something.
        carried.flush()
        assert carried.left
        whole = b"".join(pieces)
        assert await read(other, len(whole), chance.choice([5_000, PIECE])) == whole
        assert not carried.left
        other.close()
        await carried.is_lost.wait()

    asyncio.run(asyncio.wait_for(test(), 60))
    assert max(counts) <= 16


def test_a_write_that_fails_ends_the_lane(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = written(monkeypatch)

    async def test() -> None:
        carried, other = await carrying([b"head", b"body"])
        other.close()
        assert carried.lane is not None
        # The peer's system answers the first write that nobody is there; the next one hears of it.
        while not carried.is_lost.is_set():
            carried.left.extend([b"head", b"body"])
            carried.flush()
            await asyncio.sleep(0)

    asyncio.run(asyncio.wait_for(test(), 30))
    assert counts
