"""The complete reader: every form of a value, circles too, any bytes, errors with the path."""

from __future__ import annotations

import struct
from typing import Any, Final

from ..errors import SerializationError
from . import extension_types as ext
from .composites import CODES, Made
from .context import CodecContext
from .frames import CompositeFrame, DefinitionFrame, ErrorFrame, Frame, ListFrame, MapFrame, SetFrame, SparseFrame
from .leaves import HOLE_VALUE, read_leaf
from .paths import format_path, shorten_path
from .replacements import replace_all

_UNRESOLVED: Final = object()
#: Elements that all sparse arrays of a message may have together: a list takes memory for its holes.
_MOST_HOLES: Final = 10_000_000

_LENGTHS: Final = {1: struct.Struct(">B"), 2: struct.Struct(">H"), 4: struct.Struct(">I")}
_NUMBERS: Final = {
    0xCA: struct.Struct(">f"),
    0xCB: struct.Struct(">d"),
    0xCC: struct.Struct(">B"),
    0xCD: struct.Struct(">H"),
    0xCE: struct.Struct(">I"),
    0xCF: struct.Struct(">Q"),
    0xD0: struct.Struct(">b"),
    0xD1: struct.Struct(">h"),
    0xD2: struct.Struct(">i"),
    0xD3: struct.Struct(">q"),
}
_CONSTANTS: Final = {0xC0: None, 0xC2: False, 0xC3: True}
_BINS: Final = {0xC4: 1, 0xC5: 2, 0xC6: 4}
_EXTENSIONS: Final = {0xC7: 1, 0xC8: 2, 0xC9: 4}
_FIXED_EXTENSIONS: Final = {0xD4: 1, 0xD5: 2, 0xD6: 4, 0xD7: 8, 0xD8: 16}
_TEXTS: Final = {0xD9: 1, 0xDA: 2, 0xDB: 4}
_ARRAYS: Final = {0xDC: 2, 0xDD: 4}
_MAPS: Final = {0xDE: 2, 0xDF: 4}


class TooManyValues(Exception):
    """The message has more values than this reader was meant for."""


class Decoder:
    """Reads one message. It trusts no length, and does not recurse."""

    def __init__(
        self,
        data: memoryview,
        context: CodecContext,
        made: Made,
        most_values: int | None = None,
        root: str = "value",
    ) -> None:
        self.context = context
        self._root = root
        self.made = made
        self._data = data
        self._position = 0
        self._end = len(data)
        self._stack: list[Frame] = []
        self._depth = 0
        self._definitions: list[Any] = []
        #: The definition that the next value belongs to.
        self._pending = -1
        self._holes = 0
        self._replacements: list[tuple[object, object]] = []
        self._values_left = most_values

    def decode(self) -> object:
        """Raises `SerializationError`."""
        try:
            value = self._run()
            if self._position != self._end:
                raise ValueError(f"{self._end - self._position} bytes follow the value")
            return replace_all(value, self._replacements) if self._replacements else value
        except (TooManyValues, MemoryError):
            raise
        except SerializationError as error:
            raise self._fail(error.message, error.cause) from error.__cause__
        except Exception as error:
            raise self._fail(str(error) or type(error).__name__, error) from error

    def resolve(self, definition: int, value: object) -> None:
        """Says what a definition's value is."""
        if definition >= 0:
            self._definitions[definition] = value

    def replace(self, definition: int, old: object, new: object) -> None:
        """A container turned out to need another form; what refers to it already is changed at the end."""
        if definition >= 0:
            self._replacements.append((old, new))
            self.resolve(definition, new)

    def read_map_header(self) -> int:
        token = self._data[self._skip(1)]
        count = token & 0x0F if token & 0xF0 == 0x80 else self._length(_MAPS, token, "a map")
        self._check_count(count * 2)
        return count

    def _read_array_header(self) -> int:
        token = self._data[self._skip(1)]
        count = token & 0x0F if token & 0xF0 == 0x90 else self._length(_ARRAYS, token, "an array")
        self._check_count(count)
        return count

    def _length(self, sizes: dict[int, int], token: int, what: str) -> int:
        size = sizes.get(token)
        if size is None:
            raise ValueError(f"{what} is needed")
        return self._uint(size)

    def _run(self) -> object:
        stack = self._stack
        while True:
            if self._values_left is not None:
                self._values_left -= 1
                if self._values_left < 0:
                    raise TooManyValues
            frame = self._read()
            if isinstance(frame, Frame):
                stack.append(frame)
                if frame.left > 0:
                    continue
                value: Any = self._close(frame)
            else:
                value = frame
            while stack:
                top = stack[-1]
                if value is HOLE_VALUE and not isinstance(top, ListFrame):
                    raise ValueError("a hole stands outside of an array")
                top.left -= 1
                top.accept(value, self)
                if top.left > 0:
                    break
                value = self._close(top)
            else:
                if value is HOLE_VALUE:
                    raise ValueError("a hole stands outside of an array")
                return value

    def _close(self, frame: Frame) -> object:
        value = frame.finish(self)
        self._stack.pop()
        self._depth -= frame.weight
        if frame.outer_end is not None:
            if self._position != self._end:
                raise ValueError(f"{self._end - self._position} bytes follow the value of an extension")
            self._end = frame.outer_end
        return value

    def _read(self) -> object:
        """A value without others inside, or the frame that takes those."""
        token = self._data[self._skip(1)]
        if token < 0x80:
            return token
        if token >= 0xE0:
            return token - 0x100
        if token < 0x90:
            return self._enter(MapFrame(token & 0x0F, False))
        if token < 0xA0:
            return self._enter(ListFrame(token & 0x0F))
        if token < 0xC0:
            return self._text(token & 0x1F)
        if token in _NUMBERS:
            kind = _NUMBERS[token]
            return kind.unpack_from(self._data, self._skip(kind.size))[0]
        if token in _CONSTANTS:
            return _CONSTANTS[token]
        if token in _TEXTS:
            return self._text(self._uint(_TEXTS[token]))
        if token in _BINS:
            length = self._uint(_BINS[token])
            start = self._skip(length)
            return bytes(self._data[start : start + length])
        if token in _ARRAYS:
            return self._enter(ListFrame(self._uint(_ARRAYS[token])))
        if token in _MAPS:
            return self._enter(MapFrame(self._uint(_MAPS[token]), False))
        if token in _EXTENSIONS:
            return self._extension(self._uint(_EXTENSIONS[token]))
        if token in _FIXED_EXTENSIONS:
            return self._extension(_FIXED_EXTENSIONS[token])
        raise ValueError(f"0x{token:x} begins no value")

    def _enter(self, frame: Frame, container: object = None) -> Frame:
        self._check_count(frame.left)
        self._depth += frame.weight
        if self._depth > self.context.max_depth:
            raise ValueError(f"the value is nested more than {self.context.max_depth} levels deep")
        if self._pending >= 0 and not isinstance(frame, CompositeFrame | DefinitionFrame):
            frame.definition = self._pending
            if isinstance(frame, ListFrame | SparseFrame):
                container = frame.values
            elif isinstance(frame, MapFrame):
                container = frame.items
            elif isinstance(frame, SetFrame):
                container = frame.elements
            if container is not None:
                self.resolve(self._pending, container)
        self._pending = -1
        return frame

    def _extension(self, length: int) -> object:
        start = self._skip(length + 1)
        code = self._data[start]
        code = code - 0x100 if code >= 0x80 else code
        if code == ext.REFERENCE:
            return self._reference(start + 1, length)
        if code in _NESTED:
            outer_end = self._end
            self._end = self._position
            self._position = start + 1
            frame = self._nested(code)
            frame.outer_end = outer_end
            return frame
        return read_leaf(code, self._data[start + 1 : self._position])

    def _nested(self, code: int) -> Frame:
        if code == ext.DEFINITION:
            if self._pending >= 0:
                raise ValueError("a definition stands directly inside another one")
            self._skip(2)
            self._definitions.append(_UNRESOLVED)
            number = len(self._definitions) - 1
            frame = self._enter(DefinitionFrame(number))
            self._pending = number
            return frame
        if code == ext.MAP:
            count = self._read_array_header()
            if count % 2 != 0:
                raise ValueError("a Map has a key without a value")
            return self._enter(MapFrame(count // 2, True))
        if code == ext.SET:
            return self._enter(SetFrame(self._read_array_header()))
        if code == ext.SPARSE_ARRAY:
            return self._enter(self._sparse())
        if code == ext.ERROR:
            if self._read_array_header() != 3 or self._read_array_header() != 5:
                raise ValueError("an error needs a head and two maps")
            return self._enter(ErrorFrame())
        return self._enter(CompositeFrame(code))

    def _sparse(self) -> Frame:
        count = self._read_array_header()
        length = self._read() if count % 2 == 1 else -1
        if type(length) is not int or length < 0 or length >= 2**32:
            raise ValueError("a sparse array needs a length, and indexes with values")
        self._holes += length
        if self._holes > _MOST_HOLES:
            raise ValueError(f"sparse arrays of {self._holes} elements are more than a list here may hold")
        return SparseFrame(count, length)

    def _reference(self, start: int, length: int) -> object:
        index = int.from_bytes(self._data[start : start + length], "big")
        if length != 4 or index >= len(self._definitions) or self._definitions[index] is _UNRESOLVED:
            raise ValueError(f"there is no definition {index} to refer to")
        return self._definitions[index]

    def _text(self, length: int) -> str:
        start = self._skip(length)
        return str(self._data[start : start + length], "utf-8", "replace")

    def _uint(self, size: int) -> int:
        value: int = _LENGTHS[size].unpack_from(self._data, self._skip(size))[0]
        return value

    def _skip(self, count: int) -> int:
        position = self._position
        if count > self._end - position:
            raise ValueError("the bytes end too early")
        self._position = position + count
        return position

    def _check_count(self, count: int) -> None:
        if count > self._end - self._position:
            raise ValueError("the bytes end too early")

    def _fail(self, problem: str, cause: object) -> SerializationError:
        path = format_path(self._root, (frame.step() for frame in self._stack))
        message = f"the bytes cannot be decoded: {shorten_path(path)}: {problem}"
        return SerializationError(message, path=path, cause=cause)


_NESTED: Final = CODES | {ext.DEFINITION, ext.MAP, ext.SET, ext.SPARSE_ARRAY, ext.ERROR}
