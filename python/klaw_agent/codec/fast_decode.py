"""Reads values in C. What is not that simple is left to the complete reader, by `NeedsCompleteReader`."""

from __future__ import annotations

from typing import Any, Final

import msgpack

from . import composites, error_values
from . import extension_types as ext
from .context import CodecContext
from .leaves import HOLE_VALUE, read_leaf

#: C code calls us back for an extension, and we call it for what is inside: its stack has an end.
_DEEPEST_EXTENSION: Final = 16
_UNFINISHED: Final = object()


class NeedsCompleteReader(Exception):
    """The message has a circle, or a form that this reader leaves to the other one."""


class FastDecoder:
    """Reads one message."""

    def __init__(self, context: CodecContext, made: composites.Made) -> None:
        self._context = context
        self._made = made
        self._definitions: list[Any] = []
        self._depth = 0

    def decode(self, data: bytes | memoryview) -> object:
        """Raises anything at all for what it cannot read."""
        return self._unpack(data)

    def _unpack(self, data: bytes | memoryview) -> Any:
        return msgpack.unpackb(
            data, ext_hook=self._extension, strict_map_key=False, timestamp=3, unicode_errors="replace"
        )

    def _extension(self, code: int, data: bytes) -> object:
        if code == ext.SPECIAL:
            value = read_leaf(code, memoryview(data))
            return None if value is HOLE_VALUE else value
        if code == ext.REFERENCE:
            value = self._definitions[int.from_bytes(data, "big")]
            if value is _UNFINISHED:
                raise NeedsCompleteReader
            return value
        if code in (ext.DEFINITION, ext.MAP, ext.SET, ext.ERROR) or code in composites.CODES:
            self._depth += 1
            if self._depth > _DEEPEST_EXTENSION:
                raise NeedsCompleteReader
            value = self._nested(code, data)
            self._depth -= 1
            return value
        if code == ext.SPARSE_ARRAY:
            raise NeedsCompleteReader
        return read_leaf(code, memoryview(data))

    def _nested(self, code: int, data: bytes) -> object:
        if code == ext.DEFINITION:
            number = len(self._definitions)
            self._definitions.append(_UNFINISHED)
            value = self._unpack(memoryview(data)[2:])
            self._definitions[number] = value
            return value
        inside = self._unpack(data)
        if code == ext.MAP:
            items = dict(zip(inside[::2], inside[1::2], strict=True))
            if len(items) * 2 != len(inside):
                raise NeedsCompleteReader
            return items
        if code == ext.SET:
            elements = set(inside)
            if len(elements) != len(inside):
                raise NeedsCompleteReader
            return elements
        if code == ext.ERROR:
            head, hidden, properties = inside
            error = error_values.make_error(head)
            for key, value in hidden.items():
                error_values.set_hidden(error, key, value)
            for key, value in properties.items():
                error_values.set_property(error, key, value)
            return error
        return composites.make_composite(code, inside, self._context, self._made)
