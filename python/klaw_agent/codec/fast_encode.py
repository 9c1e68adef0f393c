"""Writes plain data in C, after a look at the value, level by level, also in C, whether that is all there is."""

from __future__ import annotations

import datetime
import decimal
import gc
import threading
import uuid
from collections.abc import Set as AbstractSet
from typing import Any, Final

import msgpack

from . import extension_types as ext
from .context import CodecContext
from .layout import LARGE
from .scalars import integer_payload
from .times import timestamp_of

_SCALARS: Final = {str, int, float, bool, type(None)}
_CONTAINERS: Final = {list, dict, tuple}
_LEAVES: Final = {datetime.datetime, datetime.date, datetime.time, decimal.Decimal, uuid.UUID, bytes, msgpack.Timestamp}
_PLAIN: Final = _SCALARS | _CONTAINERS | _LEAVES
#: What is the same, class and all, once it has been written and read.
EXACT: Final = frozenset(_SCALARS | {list, dict, bytes})
#: There is one in a process: it is not the same object twice.
_EMPTY: Final = ()
#: With a large buffer inside, a value of fewer parts is written by the complete writer, which does not copy it.
_FEW: Final = 4096


class _Packers(threading.local):
    """A packer for each thread: making one takes longer than a small value."""

    def __init__(self) -> None:
        self.packer = _new_packer()


def encode_plain(
    value: object, context: CodecContext, may_split: bool, kinds: AbstractSet[type[Any]] = _PLAIN
) -> bytes | None:
    """The bytes; None: there are other kinds in it, the complete writer is needed, or says better what is wrong."""
    if type(value) not in _SCALARS and not _is_plain(value, context.max_depth, may_split, kinds):
        return None
    try:
        data: bytes = _packers.packer.pack(value)
    except Exception:
        # A lone surrogate, or something that is too large. What was written until then stays in the packer.
        _packers.packer = _new_packer()
        return None
    return data if len(data) <= context.max_bytes else None


def _is_plain(value: object, max_depth: int, may_split: bool, plain: AbstractSet[type[Any]]) -> bool:
    """Whether C can write the value: known types only, no object twice, not too deep."""
    level: list[Any] = [value]
    seen: set[int] = set()
    count = 0
    has_large = False
    for _ in range(max_depth + 1):
        kinds = set(map(type, level))
        if not kinds <= plain:
            return False
        count += len(level)
        if bytes in kinds and not has_large:
            has_large = any(type(item) is bytes and len(item) >= LARGE for item in level)
        if kinds.isdisjoint(_CONTAINERS):
            return not (may_split and has_large and count <= _FEW)
        containers = [item for item in level if type(item) in _CONTAINERS and item is not _EMPTY]
        ids = set(map(id, containers))
        if len(ids) < len(containers) or not ids.isdisjoint(seen):
            return False
        seen |= ids
        level = gc.get_referents(*containers)
    return False


def _default(value: Any) -> object:
    if type(value) is datetime.datetime and value.utcoffset() is not None:
        return msgpack.Timestamp.from_bytes(timestamp_of(value))
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        return msgpack.ExtType(ext.LOCAL_DATE_TIME, value.isoformat().encode())
    if type(value) is int:
        return msgpack.ExtType(ext.BIGINT, integer_payload(value))
    if type(value) is decimal.Decimal:
        return msgpack.ExtType(ext.DECIMAL, str(value).encode())
    if type(value) is uuid.UUID:
        return msgpack.ExtType(ext.UUID, str(value).encode())
    raise TypeError(f"a {type(value).__name__} is not plain")


def _new_packer() -> Any:
    return msgpack.Packer(default=_default, use_bin_type=True)


_packers = _Packers()
