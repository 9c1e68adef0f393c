from __future__ import annotations

import struct
from collections.abc import Sequence

import pytest

from klaw_agent.hub.runs import announced, fitting, read_run, run_of, total
from klaw_agent.hub.write_runs import Delivery, write_runs
from klaw_agent.lane.resumable_transport import LONGEST_FRAME
from klaw_agent.wire.frame import DELIVERY_COUNTS, HEADER_LENGTH, MORE, SEND, TOKENS, Frame, FrameError, read_frame
from klaw_agent.wire.items import Items, Token, read_items, write_items


def sent(payloads: Sequence[bytes], tokens: Sequence[Token] = (), is_own: bool = True) -> Frame:
    data = b"".join(write_items(SEND, 7, 0, payloads, tokens=tokens))
    return read_frame(memoryview(bytearray(data)), 0, len(data), is_own)


def as_read(buffers: Sequence[bytes | memoryview]) -> tuple[Frame, Items]:
    data = memoryview(b"".join(buffers))
    frame = read_frame(data, 0, len(data))
    assert int.from_bytes(data[:4], "little") == len(data) - 4
    return frame, read_items(read_frame(data, 0, len(data)))


PAYLOADS = [b"", b"one", b"two and", b"", b"three", b"4" * 100]


def test_whole_runs_are_passed_on_as_they_came() -> None:
    frame = sent(PAYLOADS)
    run = read_run(frame, 5)
    assert (run.count, run.size, run.order, run.tokens) == (6, 115, 5, None)
    assert announced(frame) == 6
    buffers = write_runs(Delivery(9, 3, 2**32 + 4, False, True), [run])
    assert len(buffers) == 2
    assert isinstance(buffers[1], memoryview)
    assert buffers[1].obj is frame.body.obj, "its bytes are those of the frame"
    written, items = as_read(buffers)
    assert (written.stream, written.flags) == (9, MORE)
    assert (items.epoch, items.first, items.payloads) == (3, 4, PAYLOADS)


def test_a_frame_in_shared_memory_is_copied() -> None:
    frame = sent(PAYLOADS, is_own=False)
    run = read_run(frame, 0)
    memory = frame.body.obj
    assert isinstance(memory, bytearray)
    memory[:] = bytes(len(memory))
    assert as_read(write_runs(Delivery(1, 0, 0, False, False), [run]))[1].payloads == PAYLOADS


@pytest.mark.parametrize("first", range(1, 6))
def test_runs_are_cut_anywhere(first: int) -> None:
    run = read_run(sent(PAYLOADS), 100)
    head, tail = run.cut(first)
    assert (head.count, head.order, tail.count, tail.order) == (first, 100, 6 - first, 100 + first)
    assert head.size + tail.size == run.size
    for counted in (False, True):
        whole = as_read(write_runs(Delivery(1, 0, 0, counted, False), [head, tail]))[1]
        assert whole.payloads == PAYLOADS
        parts = [as_read(write_runs(Delivery(1, 0, 0, counted, False), [part]))[1].payloads for part in (head, tail)]
        assert parts[0] + parts[1] == PAYLOADS
    if tail.count > 1:
        middle, last = tail.cut(1)
        assert [bytes(middle.payload), bytes(last.payload)] == [PAYLOADS[first], b"".join(PAYLOADS[first + 1 :])]


def test_several_runs_in_one_frame() -> None:
    runs = [read_run(sent([b"a", b"bc"]), 0), read_run(sent([b"def"]), 2)]
    runs[0].deliveries, runs[1].deliveries = 1, 3
    frame, items = as_read(write_runs(Delivery(1, 2, 3, True, False), runs))
    assert frame.flags == DELIVERY_COUNTS
    assert items.payloads == [b"a", b"bc", b"def"]
    assert items.delivery_counts == (1, 1, 3)
    assert total(runs) == 3


def test_tokens_travel_with_their_item() -> None:
    tokens = [(1, 2), (2**32 - 1, 4)]
    run = read_run(sent([b"item"], tokens), 0)
    assert run.tokens == tokens
    frame, items = as_read(write_runs(Delivery(1, 0, 0, True, False), [run]))
    assert frame.flags == TOKENS | DELIVERY_COUNTS
    assert (items.payloads, items.tokens) == ([b"item"], tokens)


def test_a_run_of_one_item_that_came_elsewhere() -> None:
    for tokens in ([], [(7, 8)]):
        run = run_of(b"value", 3, tokens)
        _, items = as_read(write_runs(Delivery(1, 0, 6, False, False), [run]))
        assert (items.first, items.payloads, items.tokens) == (6, [b"value"], tokens)


def body(*integers: int, rest: bytes = b"", flags: int = 0) -> Frame:
    return Frame(SEND, flags, 1, memoryview(struct.pack(f"<{len(integers)}I", *integers) + rest), True)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (body(), "before their number"),
        (body(0), "before their number"),
        (body(0, 0), "announces 0 items"),
        (body(0, 1), "announces 1 items"),
        (body(0, 2**32 - 1, 1), "announces 4294967295 items"),
        (body(0, 1, 5, rest=b"four"), "items of 5 bytes are announced, 4 are there"),
        (body(0, 1, 3, rest=b"four"), "items of 3 bytes are announced, 4 are there"),
        (body(0, 2, 2**32 - 1, 2**32 - 1), "items of 8589934590 bytes"),
        (body(0, 2, 1, 1, 0, rest=b"xy", flags=TOKENS), "a frame with tokens has one item"),
        (body(0, 1, 0, flags=TOKENS), "ends before its tokens"),
        (body(0, 1, 0, 2**31, 1, 1, flags=TOKENS), "announces 2147483648 tokens"),
    ],
)
def test_frames_that_contradict_themselves(frame: Frame, message: str) -> None:
    with pytest.raises(FrameError, match=message):
        read_run(frame, 0)


def test_what_came_in_one_frame_may_need_two() -> None:
    longest = LONGEST_FRAME - HEADER_LENGTH
    count = 1000
    lengths = [(longest - 8 - 4 * count) // count] * count
    frame = body(0, count, *lengths, rest=bytes(sum(lengths)))
    parts = fitting(read_run(frame, 0))
    assert [part.count for part in parts] == [500, 500]
    assert parts[1].order == 500
    small = read_run(sent(PAYLOADS), 0)
    assert fitting(small) == [small]


def test_an_item_that_can_not_be_delivered_is_refused() -> None:
    longest = LONGEST_FRAME - HEADER_LENGTH - 20
    run = read_run(body(0, 1, longest, rest=bytes(longest)), 0)
    assert fitting(run) == [run]
    data = write_runs(Delivery(1, 0, 0, True, False), [run])
    assert sum(map(len, data)) == LONGEST_FRAME
    with pytest.raises(FrameError, match="too long to be delivered"):
        read_run(body(0, 1, longest + 1, rest=bytes(longest + 1)), 0)
