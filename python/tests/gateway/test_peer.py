"""The connection of an actor's process, as the agent knows it."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Iterable
from typing import Any

import msgpack

from klaw_agent.gateway.stints.peer import Peer
from klaw_agent.lane.tcp_lane import TcpLane


class Heard:
    """Takes the items of a peer."""

    def __init__(self) -> None:
        self.said: list[Any] = []
        self.reason: Exception | None = None
        self.is_lost = asyncio.Event()

    def items(self, peer: Peer, items: Iterable[Any]) -> None:
        self.said.extend(items)

    def lost(self, peer: Peer, reason: Exception | None) -> None:
        self.reason = reason
        self.is_lost.set()


async def connected(heard: Heard) -> tuple[Peer, TcpLane, socket.socket]:
    """A peer, its lane, and the other end."""
    loop = asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0)) as server:
        other = socket.create_connection(server.getsockname())
        other.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        accepted, _ = server.accept()
    accepted.setblocking(False)
    peer = Peer(heard)
    transport, _ = await loop.connect_accepted_socket(asyncio.Protocol, accepted)
    lane = TcpLane(transport, peer)
    transport.set_protocol(lane)
    peer.attach(lane)
    return peer, lane, other


def reset(other: socket.socket) -> None:
    """As if its process had ended with something unread."""
    other.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    other.close()


def test_last_words_are_heard_when_a_write_fails_first() -> None:
    async def test() -> None:
        heard = Heard()
        peer, _, other = await connected(heard)
        # No more packets than leave before one is confirmed: the reset drops what has not left.
        for start in range(0, 500, 100):
            other.sendall(b"".join(map(msgpack.packb, range(start, start + 100))))
        reset(other)
        # Nothing has been read yet, and the first write says that nobody is there.
        peer.write(b"\x01")
        peer.flush()
        await asyncio.wait_for(heard.is_lost.wait(), 10)
        assert heard.said == list(range(500))
        assert isinstance(heard.reason, OSError)

    asyncio.run(test())


def test_after_it_was_closed_nothing_is_heard() -> None:
    async def test() -> None:
        heard = Heard()
        peer, _, other = await connected(heard)
        other.sendall(msgpack.packb(1))
        reset(other)
        peer.write(b"\x01")
        peer.flush()
        peer.close()
        for _ in range(5):
            await asyncio.sleep(0)
        assert heard.said == []
        assert not heard.is_lost.is_set()

    asyncio.run(test())
