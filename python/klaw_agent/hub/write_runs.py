"""*deliver* frames. What came in is what goes out: buffers, one after the other, and nothing copied."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final, NamedTuple

from ..wire.frame import DELIVER, DELIVERY_COUNTS, MORE, TOKENS, write_header
from .runs import Run, total

_ADDRESS: Final = struct.Struct("<III")
_UINT32: Final = struct.Struct("<I")


class Delivery(NamedTuple):
    """How a frame of items is addressed."""

    stream: int
    epoch: int
    #: The number of the first item.
    sequence: int
    #: The frame says how often each item was delivered.
    counted: bool
    #: There is more than was asked for.
    more: bool


def write_runs(delivery: Delivery, runs: Sequence[Run]) -> list[bytes | memoryview]:
    """All in one frame: a run with tokens has to come alone."""
    stream, epoch, sequence, counted, more = delivery
    count = total(runs)
    flags = (DELIVERY_COUNTS if counted else 0) | (MORE if more else 0)
    address = _ADDRESS.pack(epoch, sequence & 0xFFFFFFFF, count)
    if len(runs) == 1 and not counted:
        whole = runs[0].lengths_and_payload
        if whole is not None:
            return [write_header(DELIVER, flags, stream, len(address) + len(whole)) + address, whole]
    parts: list[bytes | memoryview] = [address, *(run.lengths for run in runs)]
    if counted:
        parts.extend(_UINT32.pack(run.deliveries) * run.count for run in runs)
    tokens = runs[0].tokens
    if tokens is not None:
        flags |= TOKENS
        numbers = [number for token in tokens for number in token]
        parts.append(struct.pack(f"<{1 + len(numbers)}I", len(tokens), *numbers))
    # What stands before the items is little: in one piece it costs less.
    head = b"".join(parts)
    size = sum([run.size for run in runs])
    return [write_header(DELIVER, flags, stream, len(head) + size) + head, *(run.payload for run in runs)]
