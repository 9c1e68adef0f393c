"""A connection of the hub whose frames stay where they are until the test looks at them."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from klaw_agent.codec import encode_parts
from klaw_agent.hub.mpmc_channel import MpmcChannel, MpmcOptions
from klaw_agent.wire import frame as frames
from klaw_agent.wire.connection import FrameSink
from klaw_agent.wire.frame import Frame, read_frame
from klaw_agent.wire.items import Items, Token, read_items, write_items


def run(test: Callable[[], Awaitable[None]]) -> None:
    async def limited() -> None:
        await asyncio.wait_for(test(), 60)

    asyncio.run(limited())


async def turn() -> None:
    """What was collected in this turn of the loop is written."""
    await asyncio.sleep(0)
    await asyncio.sleep(0)


class Wire:
    """Stands for a `Connection`, and for the client at its other end."""

    def __init__(self, label: str = "") -> None:
        self.label = label
        self.sinks: dict[int, FrameSink] = {}
        #: Frames that the hub has written.
        self.written: list[Frame] = []
        #: The buffers of which they are made.
        self.buffers: list[bytes | memoryview] = []

    # What the hub calls.

    def add_stream(self, stream: int, sink: FrameSink) -> None:
        self.sinks[stream] = sink

    def remove_stream(self, stream: int) -> None:
        self.sinks.pop(stream, None)

    def write(self, buffers: Iterable[bytes | memoryview]) -> None:
        parts = list(buffers)
        self.buffers.extend(parts)
        data = memoryview(b"".join(parts))
        position = 0
        while position < len(data):
            end = position + frames.frame_length(data, position, 2**32)
            self.written.append(read_frame(data, position, end, True))
            position = end

    def write_frame(self, kind: int, flags: int, stream: int, *integers: int) -> None:
        self.write([frames.write_frame(kind, flags, stream, *integers)])

    def write_value(self, kind: int, flags: int, stream: int, value: object) -> None:
        parts = list(encode_parts(value))
        self.write([frames.write_header(kind, flags, stream, sum(map(len, parts))), *parts])

    # What the client does.

    def say(self, kind: int, stream: int, *integers: int, flags: int = 0) -> None:
        """Sends a frame whose body is a few integers."""
        self._bring(frames.write_frame(kind, flags, stream, *integers))

    def send(self, stream: int, payloads: Sequence[bytes], tokens: Sequence[Token] = ()) -> None:
        """Sends items. The memory of the frame is used for something else afterwards."""
        data = bytearray(b"".join(write_items(frames.SEND, stream, 0, payloads, tokens=tokens)))
        self._bring(data)
        data[:] = b"\xff" * len(data)

    def want(self, stream: int, missing: int, target: int = 0, operations: int = 1, received: int = 0) -> None:
        self.say(frames.WANT, stream, missing, target, operations, received)

    def demand(self, stream: int, count: int, awaited: int = 0) -> None:
        self.say(frames.DEMAND, stream, count, awaited)

    def lose(self) -> None:
        """The connection breaks."""
        sinks = list(self.sinks.values())
        self.sinks.clear()
        for sink in sinks:
            sink.connection_lost(ConnectionError("lost"))

    def _bring(self, data: bytes | bytearray) -> None:
        view = memoryview(data)
        frame = read_frame(view, 0, len(view))
        sink = self.sinks.get(frame.stream)
        if sink is not None:
            sink.frame(frame)

    # What the test looks at; whatever was looked at is gone.

    def take(self) -> list[Frame]:
        written, self.written = self.written, []
        self.buffers = []
        return written

    def said(self, kind: int) -> list[tuple[int, ...]]:
        """The integers of all frames of that type; all others are dropped."""
        return [_integers(frame) for frame in self.take() if frame.type == kind]

    def credited(self, flags: int | None = None) -> list[int]:
        """The slots that were granted, frame by frame. With `flags`: by frames of exactly these."""
        written = [frame for frame in self.take() if frame.type == frames.CREDIT]
        granted = [_integers(frame)[0] for frame in written if flags in (None, frame.flags)]
        return granted if flags else [count for count in granted if count > 0]

    def delivered(self) -> list[Items]:
        return [read_items(frame) for frame in self.take() if frame.type == frames.DELIVER]

    def got(self) -> list[bytes]:
        """The items of all frames."""
        return [bytes(payload) for items in self.delivered() for payload in items.payloads]


def _integers(frame: Frame) -> tuple[int, ...]:
    return struct.unpack(f"<{len(frame.body) // 4}I", frame.body)


class Keeper:
    def __init__(self) -> None:
        self.accepted: list[Token] = []
        self.released: list[Token] = []
        self.unused_count = 0

    def accept_tokens(self, tokens: Sequence[Token]) -> None:
        self.accepted.extend(tokens)

    def release_tokens(self, tokens: Sequence[Token]) -> None:
        self.released.extend(tokens)

    def unused(self) -> None:
        self.unused_count += 1


class World:
    """A channel and its clients: of each wire, stream 1 is a sender and stream 2 a receiver where one was added."""

    def __init__(self, capacity: float = 16, **options: Any) -> None:
        self.keeper = Keeper()
        given = {"ack": False, "ack_timeout": float("inf"), "detached": False, **options}
        self.channel = MpmcChannel(MpmcOptions(capacity=capacity, **given), self.keeper)

    def sender(self, held: int = 0, label: str = "") -> Wire:
        """With so many credits, which it has to get at once."""
        wire = Wire(label)
        self.channel.add_sender(wire, SENDER)
        if held > 0:
            wire.say(frames.WANT, SENDER, held, flags=frames.ATTEMPT)
            assert wire.credited(frames.ATTEMPT) == [held]
        return wire

    def receiver(self, demand: int = 0, awaited: int = 0, label: str = "") -> Wire:
        wire = Wire(label)
        self.channel.add_receiver(wire, RECEIVER)
        if demand > 0:
            wire.demand(RECEIVER, demand, awaited)
        return wire

    def stat(self, name: str) -> Any:
        return self.channel.stats()[name]

    def free(self) -> float:
        """Slots that nobody holds."""
        return self.channel.slots.available


SENDER = 1
RECEIVER = 2


def texts(*values: object) -> list[bytes]:
    return [str(value).encode() for value in values]
