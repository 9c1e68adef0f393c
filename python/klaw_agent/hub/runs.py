"""Items of a channel, as they came. Nothing is done per item: a run is cut only where somebody wants a part of it."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from typing import Final

from ..lane.resumable_transport import LONGEST_FRAME
from ..wire.frame import HEADER_LENGTH, TOKENS, Frame, FrameError
from ..wire.items import Token

_UINT32: Final = struct.Struct("<I")
_HEAD: Final = struct.Struct("<III")
#: In the body of a *send* frame: where the number of items stands, and where their lengths begin.
_COUNT: Final = 4
_LENGTHS: Final = 8
#: What came in a frame of so many bytes can go out in one, whatever it is.
_ROOMY: Final = LONGEST_FRAME // 2


class Run:
    """Neighbours of one *send* frame: its body, and which of its items are meant. The hub never looks inside of them.

    A run does not change, except for its deliveries, so several may hold the same one.
    """

    __slots__ = ("_body", "_first", "_start", "count", "deliveries", "order", "size", "tokens")

    def __init__(
        self,
        body: memoryview,
        first: int,
        count: int,
        start: int,
        size: int,
        order: int,
        tokens: Sequence[Token] | None,
        deliveries: int,
    ) -> None:
        self._body = body
        #: The first item is that one of the frame, and its bytes begin there in the body.
        self._first = first
        self._start = start
        #: Items, and the bytes that they have.
        self.count = count
        self.size = size
        #: The first item's place among all that the channel accepted.
        self.order = order
        #: Handles inside the one item that the run then has.
        self.tokens = tokens
        #: How often its items were delivered.
        self.deliveries = deliveries

    @property
    def lengths(self) -> memoryview:
        """The length of each item, as in frames."""
        start = _LENGTHS + 4 * self._first
        return self._body[start : start + 4 * self.count]

    @property
    def payload(self) -> memoryview:
        """The items' bytes, one after the other."""
        return self._body[self._start : self._start + self.size]

    @property
    def lengths_and_payload(self) -> memoryview | None:
        """Both in one piece, of a run that is all of its frame and carries nothing else."""
        body = self._body
        if self.tokens is None and _LENGTHS + 4 * self.count + self.size == len(body):
            return body[_LENGTHS:]
        return None

    def cut(self, count: int) -> tuple[Run, Run]:
        """The first `count` items, and the others. Neither part may be empty."""
        body, first, start, deliveries = self._body, self._first, self._start, self.deliveries
        size = _sum(body, first, count)
        middle = first + count
        return (
            Run(body, first, count, start, size, self.order, None, deliveries),
            Run(
                body,
                middle,
                self.count - count,
                start + size,
                self.size - size,
                self.order + count,
                None,
                deliveries,
            ),
        )


def announced(frame: Frame) -> int:
    """How many items a *send* frame says that it has. Raises `FrameError`."""
    if len(frame.body) < _LENGTHS:
        raise FrameError("a frame of items ends before their number")
    count: int = _UINT32.unpack_from(frame.body, _COUNT)[0]
    return count


def read_run(frame: Frame, order: int) -> Run:
    """The items of a *send* frame, at least one; `order` numbers the first. Raises `FrameError`."""
    body = frame.body if frame.is_own else memoryview(bytes(frame.body))
    length = len(body)
    if length < _LENGTHS:
        raise FrameError("a frame of items ends before their number")
    count: int = _UINT32.unpack_from(body, _COUNT)[0]
    start = _LENGTHS + 4 * count
    if count == 0 or start > length:
        raise FrameError(f"a frame of {length} bytes announces {count} items")
    tokens = None
    if frame.flags & TOKENS:
        if count != 1:
            raise FrameError(f"a frame with tokens has one item, this one has {count}")
        tokens, start = _read_tokens(body, start)
    size = _sum(body, 0, count)
    if start + size != length:
        raise FrameError(f"items of {size} bytes are announced, {length - start} are there")
    if length > _ROOMY and max(_lengths(body, 0, count)) > _longest_item(tokens):
        raise FrameError("an item is too long to be delivered in one frame")
    return Run(body, 0, count, start, size, order, tokens, 0)


def run_of(payload: bytes | memoryview, order: int, tokens: Sequence[Token] | None) -> Run:
    """A run of one item that came in something else than a *send* frame."""
    body = memoryview(b"".join((_HEAD.pack(0, 1, len(payload)), payload)))
    return Run(body, 0, 1, _HEAD.size, len(payload), order, tokens or None, 0)


def total(runs: Iterable[Run]) -> int:
    """How many items they have."""
    count = 0
    for run in runs:
        count += run.count
    return count


def fitting(run: Run) -> list[Run]:
    """The run in parts of which each can be delivered in one frame."""
    if run.count == 1 or _fits(run):
        return [run]
    head, tail = run.cut(run.count // 2)
    return fitting(head) + fitting(tail)


def _fits(run: Run) -> bool:
    return HEADER_LENGTH + _overhead(run.count, run.tokens) + run.size <= LONGEST_FRAME


def _longest_item(tokens: Sequence[Token] | None) -> int:
    return LONGEST_FRAME - HEADER_LENGTH - _overhead(1, tokens)


def _overhead(count: int, tokens: Sequence[Token] | None) -> int:
    """Bytes in the body of a *deliver* frame, besides those of the items."""
    return 12 + 8 * count + (0 if tokens is None else 4 + 8 * len(tokens))


def _read_tokens(body: memoryview, start: int) -> tuple[list[Token] | None, int]:
    if start + 4 > len(body):
        raise FrameError("a frame ends before its tokens")
    count: int = _UINT32.unpack_from(body, start)[0]
    start += 4
    end = start + 8 * count
    if end > len(body):
        raise FrameError(f"a frame announces {count} tokens and ends before them")
    numbers = struct.unpack_from(f"<{2 * count}I", body, start)
    return list(zip(numbers[::2], numbers[1::2], strict=True)) or None, end


def _lengths(body: memoryview, first: int, count: int) -> tuple[int, ...]:
    return struct.unpack_from(f"<{count}I", body, _LENGTHS + 4 * first)


def _sum(body: memoryview, first: int, count: int) -> int:
    if count == 1:
        length: int = _UINT32.unpack_from(body, _LENGTHS + 4 * first)[0]
        return length
    return sum(_lengths(body, first, count))
