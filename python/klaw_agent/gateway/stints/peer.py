"""The connection of an actor's process, as the agent's listener knows it: items in both directions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, Final, Protocol

import msgpack

from ...lane.tcp_lane import TcpLane
from ...stint.terms import item_reader

_READ_SIZE: Final = 64 * 1024


class PeerListener(Protocol):
    """Who takes what comes."""

    def items(self, peer: Peer, items: Iterable[Any]) -> None:
        """Raises anything at all for what means nothing."""
        ...

    def lost(self, peer: Peer, reason: Exception | None) -> None: ...


class Peer:
    """One connection. Whatever is written in one turn of the loop is sent together."""

    def __init__(self, listener: PeerListener) -> None:
        self._listener: PeerListener | None = listener
        self._loop = asyncio.get_running_loop()
        self._lane: TcpLane | None = None
        self._waiting: list[bytes] = []
        self._flush_scheduled = False
        self._reader: Any = item_reader()
        self._memory = memoryview(bytearray(_READ_SIZE))

    def write(self, data: bytes) -> None:
        """Whole items."""
        self._waiting.append(data)
        if not self._flush_scheduled:
            self._flush_scheduled = True
            self._loop.call_soon(self.flush)

    def close(self) -> None:
        """Nobody listens any more. Idempotent."""
        self._listener = None
        self._waiting.clear()
        if self._lane is not None:
            self._lane.abort()

    def break_off(self, reason: Exception) -> None:
        """It is lost, as if the network had taken it."""
        listener = self._listener
        self.close()
        if listener is not None:
            listener.lost(self, reason)

    # What the lane calls.

    def attach(self, lane: TcpLane) -> None:
        if self._lane is not None or self._listener is None:
            lane.abort()
            return
        self._lane = lane
        self.flush()

    def flush(self) -> None:
        self._flush_scheduled = False
        if self._lane is not None:
            self._lane.pump()

    def next_piece(self) -> bytes | None:
        if not self._waiting:
            return None
        data = b"".join(self._waiting)
        self._waiting.clear()
        return data

    def writable(self) -> memoryview:
        return self._memory

    def wrote(self, count: int) -> None:
        self.feed(self._memory[:count])

    def feed(self, data: bytes | memoryview) -> None:
        listener = self._listener
        if listener is None:
            return
        try:
            self._reader.feed(data)
            listener.items(self, self._reader)
        except Exception as error:
            self.break_off(error)

    def lane_lost(self, lane: TcpLane, reason: Exception | None) -> None:
        if self._listener is not None:
            # The process may have ended: these are its last words.
            lane.read_rest()
        self.break_off(reason or ConnectionResetError("the actor's process has closed it"))


def pack_call(name: str, payloads: Iterable[bytes | memoryview], count: int) -> bytes:
    """A call, of arguments that are encoded and have nothing of ours in them."""
    return b"".join((_headers.pack_array_header(count + 1), _pack(name), *payloads))


def pack_number(number: int) -> bytes:
    data: bytes = _pack(number)
    return data


_headers: Final = msgpack.Packer(use_bin_type=True, autoreset=True)
_pack: Final[Callable[[Any], bytes]] = _headers.pack
