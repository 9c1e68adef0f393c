"""Bytes in Ray's store that nobody looks into there."""

from __future__ import annotations

from collections.abc import Callable
from pickle import PickleBuffer
from typing import Any


class RawBytes:
    """Is stored with one copy, and read as a memoryview of the store's own memory. Whoever reads it needs nothing of this package."""

    __slots__ = ("_data",)

    def __init__(self, data: bytes | memoryview) -> None:
        self._data = data

    def __reduce_ex__(self, _protocol: Any) -> tuple[Callable[..., memoryview], tuple[PickleBuffer]]:
        return memoryview, (PickleBuffer(self._data),)
