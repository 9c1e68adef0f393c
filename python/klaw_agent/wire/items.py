"""Frames that hold items of a channel: *send* and *deliver*."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import NamedTuple

from .frame import DELIVER, DELIVERY_COUNTS, SEND, TOKENS, Frame, FrameError, write_header

Token = tuple[int, int]


class Items(NamedTuple):
    """Items of a channel, still encoded. The first is number `first`."""

    first: int
    payloads: list[memoryview]
    delivery_counts: tuple[int, ...] | None
    #: Handles inside the one item that the frame then holds: origin and number of each.
    tokens: list[Token]
    #: Of *deliver*.
    epoch: int = 0


def read_items(frame: Frame) -> Items:
    """Reads a *send* or *deliver*. Raises `FrameError`."""
    epoch = frame.uint32() if frame.type == DELIVER else 0
    first = frame.uint32()
    count = frame.uint32()
    lengths = frame.uint32s(count)
    delivery_counts = frame.uint32s(count) if frame.flags & DELIVERY_COUNTS else None
    tokens: list[Token] = []
    if frame.flags & TOKENS:
        numbers = frame.uint32s(frame.uint32() * 2)
        tokens = list(zip(numbers[::2], numbers[1::2], strict=True))
    rest = frame.rest()
    if sum(lengths) != len(rest):
        raise FrameError(f"items of {sum(lengths)} bytes are announced, {len(rest)} are there")
    payloads: list[memoryview] = []
    position = 0
    for length in lengths:
        payloads.append(rest[position : position + length])
        position += length
    return Items(first, payloads, delivery_counts, tokens, epoch)


def write_items(
    kind: int,
    stream: int,
    first: int,
    payloads: Sequence[bytes | memoryview],
    *,
    epoch: int = 0,
    delivery_counts: Sequence[int] | None = None,
    tokens: Sequence[Token] = (),
    flags: int = 0,
) -> list[bytes | memoryview]:
    """Writes a *send* or *deliver*, as buffers to be written one after the other."""
    if kind not in (SEND, DELIVER):
        raise ValueError(f"a frame of type 0x{kind:x} holds no items")
    integers = [epoch, first] if kind == DELIVER else [first]
    integers += [len(payloads), *map(len, payloads)]
    if delivery_counts is not None:
        flags |= DELIVERY_COUNTS
        integers += delivery_counts
    if tokens:
        flags |= TOKENS
        integers.append(len(tokens))
        for token in tokens:
            integers += token
    head = struct.pack(f"<{len(integers)}I", *integers)
    return [write_header(kind, flags, stream, len(head) + sum(map(len, payloads))) + head, *payloads]
