from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from klaw_agent.codec import decode, encode
from klaw_agent.wire import frame as frames
from klaw_agent.wire.frame import Frame, FrameError
from klaw_agent.wire.frame_buffer import FrameBuffer
from klaw_agent.wire.items import read_items, write_items
from tests.fixtures import golden, golden_bytes

LONGEST = 2**31 - 1

#: Names of the integers in bodies that hold nothing else, by type and whether it is an attempt.
INTEGERS = {
    (frames.CREDIT, False): ["slots"],
    (frames.CREDIT, True): ["slots"],
    (frames.WANT, False): ["missing", "held", "operations", "received"],
    (frames.WANT, True): ["slots"],
    (frames.RETURN_CREDIT, False): ["slots"],
    (frames.RETURN_CREDIT, True): ["slots"],
    (frames.DEMAND, False): ["items", "waiting"],
    (frames.DEMAND, True): ["items"],
    (frames.TAKEN, False): ["items"],
    (frames.GIVE_BACK, False): ["epoch", "first"],
    (frames.ACKNOWLEDGE, False): ["item"],
    (frames.LAGGED, False): ["missed"],
    (frames.HOLDERS, False): ["receivers"],
}


def _read(data: bytes) -> Frame:
    (frame,) = FrameBuffer(LONGEST).put(data)
    return frame


#: Those of a session's gateway have readers of their own.
NAMES = [name for name, entry in golden("frames").items() if 0x10 <= entry["type"] < 0x50]


@pytest.mark.parametrize("name", NAMES)
def test_golden_frames_are_read_and_written(name: str) -> None:
    data = golden_bytes("frames", name)
    expected = golden("frames")[name]
    fields: dict[str, Any] = expected["fields"]
    frame = _read(data)
    assert (frame.type, frame.flags, frame.stream) == (expected["type"], expected["flags"], expected["stream"])
    head = (frame.type, frame.flags, frame.stream)
    if "value" in fields:
        assert decode(frame.body) == fields["value"]
        body = encode(fields["value"])
        assert frames.write_header(*head, len(body)) + body == data
    elif frame.type in (frames.SEND, frames.DELIVER):
        items = read_items(frame)
        assert [payload.hex() for payload in items.payloads] == fields["items"]
        assert (items.first, items.epoch) == (fields["first"], fields.get("epoch", 0))
        assert list(items.delivery_counts or []) == fields.get("deliveryCounts", [])
        assert items.tokens == [(token["origin"], token["number"]) for token in fields.get("tokens", [])]
        written = write_items(
            frame.type,
            frame.stream,
            items.first,
            items.payloads,
            epoch=items.epoch,
            delivery_counts=items.delivery_counts,
            tokens=items.tokens,
        )
        assert b"".join(written) == data
    else:
        names = INTEGERS.get((frame.type, bool(frame.flags & frames.ATTEMPT)), [])
        if frame.type == frames.CREDIT and len(frame.body) == 8:
            names = [*names, "accepted"]
        assert list(fields) == names
        integers = frame.uint32s(len(names))
        assert list(integers) == list(fields.values())
        assert len(frame.rest()) == 0
        assert frames.write_frame(*head, *integers) == data


@given(st.lists(st.integers(0, 300_000), max_size=8), st.lists(st.integers(1, 200_000), min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_frames_are_found_however_the_bytes_are_cut(lengths: list[int], cuts: list[int]) -> None:
    bodies = [bytes([index + 1]) * length for index, length in enumerate(lengths)]
    data = b"".join(frames.write_header(0x10, 0, index, len(body)) + body for index, body in enumerate(bodies))
    buffer = FrameBuffer(LONGEST)
    found: list[tuple[int, bytes]] = []
    position = 0
    while position < len(data):
        for cut in cuts:
            part = data[position : position + cut]
            position += cut
            found += [(frame.stream, bytes(frame.body)) for frame in buffer.put(part)]
    assert found == list(enumerate(bodies))
    assert buffer.is_between_frames


def test_large_frames_have_memory_of_their_own() -> None:
    buffer = FrameBuffer(LONGEST)
    (frame,) = buffer.put(frames.write_header(0x10, 0, 1, 10**6) + b"x" * 10**6)
    assert frame.is_own
    assert frame.body.readonly
    body = bytes(frame.body)
    list(buffer.put(frames.write_header(0x10, 0, 1, 10**6) + b"y" * 10**6))
    assert frame.body == body


@pytest.mark.parametrize("length", [0, 7, 1001])
def test_lengths_that_are_refused(length: int) -> None:
    buffer = FrameBuffer(1000)
    with pytest.raises(FrameError, match=f"announces {length} bytes"):
        list(buffer.put(length.to_bytes(4, "little")))


def test_bodies_that_end_too_early() -> None:
    with pytest.raises(FrameError):
        _read(frames.write_frame(frames.TAKEN, 0, 1)).uint32()
    for integers in ([1], [1, 5], [1, 2, 3, 3], [1, 2**32 - 1]):
        with pytest.raises(FrameError):
            read_items(_read(frames.write_frame(frames.SEND, 0, 1, *integers)))


def test_large_bodies_are_received_to_where_they_are_wanted() -> None:
    sizes = [70_000, 3, 300_000, 0, 100_000]
    data = b"".join(frames.write_header(0x50, 0, size, size) + bytes([size % 251]) * size for size in sizes)
    for step in (5, 4_096, 70_011, 70_030, len(data)):
        places: dict[int, memoryview] = {}
        seen: list[int] = []

        def land(
            kind: int,
            flags: int,
            stream: int,
            length: int,
            places: dict[int, memoryview] = places,
            seen: list[int] = seen,
        ) -> memoryview | None:
            assert (kind, flags, stream) == (0x50, 0, length)
            # Everything before it has been seen.
            assert len(seen) == sizes.index(length)
            if length == 100_000:
                return None
            places[length] = memoryview(bytearray(length))
            return places[length]

        buffer = FrameBuffer(LONGEST)
        buffer.landing = land
        for start in range(0, len(data), step):
            for frame in buffer.put(data[start : start + step]):
                seen.append(frame.stream)
                assert bytes(frame.body) == bytes([frame.stream % 251]) * frame.stream
                if frame.stream in places:
                    assert frame.body is places[frame.stream]
        assert seen == sizes
        assert buffer.is_between_frames
        assert 300_000 in places
