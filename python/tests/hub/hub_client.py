"""A client of a hub in the same process, which speaks frames."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from klaw_agent.codec import decode, encode
from klaw_agent.hub.hub import Hub
from klaw_agent.wire import frame as frames
from klaw_agent.wire.frame import Frame, read_frame
from klaw_agent.wire.items import Token, read_items, write_items

INSTANCE = "0123456789abcdef"
NAMESPACE = "klaw"

SENDER_KINDS = {"mpmc": 3, "broadcast": 5, "watch": 7, "oneshot": 9}
RECEIVER_KINDS = {"mpmc": 4, "broadcast": 6, "watch": 8, "oneshot": 10}


class HubClient:
    """Its frames are handled at once; what the hub writes is there after `settle`, if not before."""

    longest_frame = 2**24

    def __init__(self, hub: Hub, origin: int | None = None, node: str = "") -> None:
        self.is_closed = False
        self._written = bytearray()
        self._seen: list[Frame] = []
        self._streams = itertools.count(1)
        self._requests = itertools.count(1)
        self._numbers = itertools.count(1)
        self._sent: dict[int, int] = {}
        self._credits: dict[int, int] = {}
        self.connection = hub.accept(self)
        self.origin = origin if origin is not None else 0
        if origin is not None:
            self.instance = self.request("session.open", {"origin": origin, "node": node})["instance"]

    # As transport.

    def write(self, buffers: Iterable[bytes | memoryview]) -> None:
        for buffer in buffers:
            self._written += buffer

    async def drain(self) -> None:
        pass

    def close(self) -> None:
        self.is_closed = True

    # Requests.

    def request(self, operation: str, argument: object = None) -> Any:
        """The answer. Raises what the hub refuses it with."""
        number = next(self._requests)
        self._receive(frames.REQUEST, 0, number, encode([operation, argument]))
        for frame in self._frames():
            if frame.type == frames.RESPONSE and frame.stream == number:
                self._seen.remove(frame)
                value = decode(frame.body)
                if frame.flags & frames.ERROR:
                    raise value
                return value
        raise AssertionError(f"{operation} was not answered")

    def notify(self, operation: str, argument: object = None) -> None:
        self._receive(frames.EVENT, 0, 0, encode([operation, argument]))

    def new_stream(self) -> int:
        return next(self._streams)

    def open(self, kind: str = "mpmc", **options: Any) -> tuple[str, int, int]:
        """Opens a channel. Returns its id, and the streams of sender and receiver."""
        argument, sender, receiver = self.open_argument(kind, **options)
        return self.request("channel.open", argument), sender, receiver

    def open_argument(self, kind: str, **options: Any) -> tuple[dict[str, Any], int, int]:
        sender, receiver = self.new_stream(), self.new_stream()
        argument = {"sender": sender, "receiver": receiver}
        argument.update({key: options.pop(key) for key in ("initial", "follower") if key in options})
        defaults = {"capacity": 1 if kind in ("oneshot", "watch") else 100, "ack": False, "ackTimeout": 30_000}
        argument["spec"] = {"kind": kind, **defaults, "namespace": NAMESPACE, "lifetime": "detached", **options}
        return argument, sender, receiver

    def attach(self, identifier: str, side: str, **options: Any) -> int:
        stream = self.new_stream()
        self.request("channel.attach", {"id": identifier, "side": side, "stream": stream, **options})
        return stream

    def export(self, kind: int, identifier: str, **options: Any) -> Token:
        token = (self.origin, next(self._numbers))
        self.notify("lease.export", {"token": as_value(token), "kind": kind, "id": identifier, **options})
        return token

    def next_token(self) -> Token:
        """One that is never exported, or later, with `export_token`."""
        return (self.origin, next(self._numbers))

    def export_token(self, token: Token, kind: int, identifier: str, **options: Any) -> None:
        self.notify("lease.export", {"token": as_value(token), "kind": kind, "id": identifier, **options})

    def claim(self, token: Token, **options: Any) -> int:
        stream = self.new_stream()
        self.notify("lease.claim", {"token": as_value(token), "stream": stream, **options})
        return stream

    # Ends.

    def frame(self, kind: int, stream: int, *integers: int, flags: int = 0) -> None:
        body = b"".join(integer.to_bytes(4, "little") for integer in integers)
        self._receive(kind, flags, stream, body)

    def want(self, stream: int, count: int) -> None:
        """Asks for so many credits more."""
        self._frames()
        self.frame(frames.WANT, stream, count, 0, 1, self._credits.get(stream, 0))

    def send(self, stream: int, *items: bytes, tokens: Sequence[Token] = ()) -> None:
        first = self._sent.get(stream, 0)
        self._sent[stream] = first + len(items)
        written = b"".join(write_items(frames.SEND, stream, first, items, tokens=tokens))
        self._receive_bytes(written)

    def demand(self, stream: int, count: int) -> None:
        self.frame(frames.DEMAND, stream, count, count)

    def taken(self, stream: int, count: int) -> None:
        self.frame(frames.TAKEN, stream, count)

    def close_end(self, stream: int) -> None:
        self.frame(frames.CLOSE_END, stream)

    def lose(self) -> None:
        """The connection is lost for good."""
        self.connection.transport_lost("lost", None)

    def of(self, stream: int, *kinds: int) -> list[Frame]:
        """The frames of the stream, and these types, that have come since it was last asked for them."""
        found = [f for f in self._frames() if f.stream == stream and f.type in kinds]
        for frame in found:
            self._seen.remove(frame)
        return found

    def items(self, stream: int) -> list[bytes]:
        """The items that were delivered."""
        return [bytes(item) for frame in self.of(stream, frames.DELIVER) for item in read_items(frame).payloads]

    def ended(self, stream: int) -> list[Any]:
        """What the stream was ended with: nothing, or one error or None."""
        return [decode(f.body) if len(f.body) else None for f in self.of(stream, frames.ENDED)]

    def integers(self, stream: int, kind: int) -> list[int]:
        """The first integer of each frame of that type."""
        return [frame.uint32() for frame in self.of(stream, kind)]

    # Inside.

    def _receive(self, kind: int, flags: int, stream: int, body: bytes) -> None:
        self._receive_bytes(frames.write_header(kind, flags, stream, len(body)) + body)

    def _receive_bytes(self, data: bytes) -> None:
        # In a buffer that is used again, as it comes from a socket.
        shared = bytearray(data)
        self.connection.receive([read_frame(memoryview(shared), 0, len(shared))])
        shared[:] = bytes(len(shared))

    def _frames(self) -> list[Frame]:
        data, self._written = bytes(self._written), bytearray()
        position = 0
        while position < len(data):
            end = position + frames.frame_length(memoryview(data), position, 2**24)
            frame = read_frame(memoryview(data), position, end, True)
            self._seen.append(frame)
            position = end
            if frame.type == frames.CREDIT and not frame.flags & frames.ATTEMPT:
                self._credits[frame.stream] = self._credits.get(frame.stream, 0) + frame.uint32()
                frame.position = 0
        return self._seen


def as_value(token: Token) -> dict[str, int]:
    return {"origin": token[0], "number": token[1]}


def run(test: Callable[[], Awaitable[None]], seconds: float = 30) -> None:
    """Runs a test, after which no timer may be left."""

    async def limited() -> None:
        await asyncio.wait_for(test(), seconds)
        # Some are about to fire, and are not started again.
        for _ in range(100):
            if running_timers() == 0:
                return
            await asyncio.sleep(0.005)
        raise AssertionError(f"{running_timers()} timers are left")

    asyncio.run(limited())


def running_timers() -> int:
    return sum(not handle.cancelled() for handle in asyncio.get_running_loop()._scheduled)  # type: ignore[attr-defined]


async def settle() -> None:
    """What is to happen at the end of this turn has happened."""
    for _ in range(5):
        await asyncio.sleep(0)
