"""The complete writer: everything that can be sent, identity and circles too, errors with the path."""

from __future__ import annotations

import array
import datetime
import decimal
import enum
import re
import uuid
from collections.abc import Iterator
from typing import Any, Final

import msgpack

from ..errors import SerializationError
from . import extension_types as ext
from .containers import ChildSteps, write_dict, write_error, write_list, write_set
from .context import CodecContext
from .element_kinds import UINT8_CODE, Elements, elements_of, is_array_class, is_numpy_scalar
from .layout import Binary, Close, EndMark, Layout, Mark, Open, Piece, Reference
from .paths import Step, format_path, shorten_path
from .python_objects import OpaquePythonObject, type_name_of
from .regular_expressions import JavaScriptRegExp, regexp_from
from .scalars import array_header, bin_header, extension, pack, pack_integer, pack_text
from .times import timestamp_of

_CLOSE: Final = Close()


class Encoder:
    """Writes one message. It does not recurse: Python's stack is shorter than what may be sent is deep."""

    def __init__(self, context: CodecContext, root: str) -> None:
        self.pieces: list[Piece] = []
        self._context = context
        self._root = root
        self._marks: dict[int, Mark] = {}
        self._stack: list[ChildSteps] = []
        self._endings: list[tuple[Piece, ...]] = []
        self._steps: list[Step] = []

    def encode(self, value: object) -> list[bytes | memoryview]:
        """The message, as buffers to be written one after the other. Raises `SerializationError`."""
        try:
            self._run(value)
            layout = Layout()
            layout.write(self.pieces)
            if layout.size > self._context.max_bytes:
                self._steps.clear()
                raise ValueError(
                    f"the encoded value has {layout.size} bytes, the limit is {self._context.max_bytes} bytes"
                )
            return layout.parts()
        except MemoryError:
            raise
        except Exception as error:
            path = format_path(self._root, self._steps)
            problem = str(error) or type(error).__name__
            raise SerializationError(f"{shorten_path(path)}: {problem}", path=path, cause=error) from error

    def _run(self, value: object) -> None:
        self._write(value)
        stack, steps = self._stack, self._steps
        while stack:
            for step, child in stack[-1]:
                steps[-1] = step
                depth = len(stack)
                self._write(child)
                if len(stack) > depth:
                    break
            else:
                stack.pop()
                steps.pop()
                self.pieces.extend(self._endings.pop())

    def _push(self, children: ChildSteps, *endings: Piece) -> None:
        self._stack.append(children)
        self._endings.append(endings)
        self._steps.append(None)
        if len(self._stack) > self._context.max_depth:
            raise ValueError(f"the value is nested more than {self._context.max_depth} levels deep")

    def _write(self, value: Any) -> None:
        if value is None or value is True or value is False:
            self.pieces.append(pack(value))
            return
        kind = type(value)
        if kind is str:
            self.pieces.append(pack_text(value))
        elif kind is int:
            self.pieces.append(pack_integer(value))
        elif kind is float:
            self.pieces.append(pack(value))
        elif kind is bytes:
            self._write_bytes(memoryview(value))
        elif not (kind in _LEAVES and _LEAVES[kind](self, value)):
            self._write_object(value, kind)

    def _write_object(self, value: Any, kind: type[Any]) -> None:
        mark = self._marks.get(id(value))
        if mark is not None:
            if mark.opaque:
                raise ValueError("a value with a serializer (or a handle) cannot contain itself")
            mark.shared = True
            self.pieces.append(Reference(mark))
            return
        self._marks[id(value)] = mark = Mark(value)
        self.pieces.append(mark)
        end = EndMark(mark)
        if kind is list or kind is tuple:
            self._push(write_list(self.pieces, value), end)
        elif kind is dict:
            self._write_dict(value, end)
        elif not self._write_foreign(value, kind, mark, end):
            self._write_built_in(value, kind, end)

    def _write_foreign(self, value: Any, kind: type[Any], mark: Mark, end: EndMark) -> bool:
        """Handles, and values with a serializer."""
        context = self._context
        handle = None if context.encode_handle is None else context.encode_handle(value)
        if handle is not None:
            self._write_opaque(ext.HANDLE, mark, handle, end)
            return True
        serializer = None if context.serializers is None else context.serializers.of_class(kind)
        if serializer is None:
            return False
        try:
            data = serializer.serialize(value)
        except Exception as error:
            raise ValueError(f"the serializer {serializer.name!r} raised {error!r}") from error
        self._write_opaque(ext.CUSTOM, mark, (serializer.name, data), end)
        return True

    def _write_opaque(self, code: int, mark: Mark, inside: tuple[object, object], end: EndMark) -> None:
        mark.opaque = True
        self.pieces.append(Open(code))
        self.pieces.append(array_header(2))
        self._push(_opaque(mark, inside), _CLOSE, end)

    def _write_dict(self, value: dict[Any, Any], end: EndMark) -> None:
        if all(type(key) is str for key in value):
            self._push(write_dict(self.pieces, value, False), end)
        else:
            self.pieces.append(Open(ext.MAP))
            self._push(write_dict(self.pieces, value, True), _CLOSE, end)

    def _write_built_in(self, value: Any, kind: type[Any], end: EndMark) -> None:
        if isinstance(value, BaseException):
            self.pieces.append(Open(ext.ERROR))
            self._push(write_error(self.pieces, value), _CLOSE, end)
        elif isinstance(value, set | frozenset):
            self.pieces.append(Open(ext.SET))
            self._push(write_set(self.pieces, value), _CLOSE, end)
        elif is_array_class(kind) or kind is array.array or kind is memoryview:
            elements = elements_of(value)
            if elements is None:
                self._write_python_object(value)
            else:
                self._write_elements(elements)
            self.pieces.append(end)
        elif isinstance(value, bytearray):
            self._write_bytes(memoryview(value))
            self.pieces.append(end)
        # Subclasses count as what they extend, but for members of an enumeration that are no numbers or text.
        elif isinstance(value, dict):
            self._write_dict(value, end)
        elif isinstance(value, list | tuple) and not isinstance(value, msgpack.ExtType):
            self._push(write_list(self.pieces, value), end)
        elif isinstance(value, str | int | float | bytes):
            self._write(value.value if isinstance(value, enum.Enum) else _as_base(value))
            self.pieces.append(end)
        else:
            self._write_other(value)
            self.pieces.append(end)

    def _write_other(self, value: Any) -> None:
        if is_numpy_scalar(value) and value.dtype.kind in "biuf":
            plain = value.item()
            if type(plain) in (bool, int, float):
                self._write(plain)
                return
        if isinstance(value, re.Pattern):
            regexp = regexp_from(value)
            if regexp is not None:
                self._write_nested_texts(ext.REGEXP, regexp.source, regexp.flags)
                return
        if isinstance(value, JavaScriptRegExp):
            self._write_nested_texts(ext.REGEXP, value.source, value.flags)
        else:
            self._write_python_object(value)

    def _write_nested_texts(self, code: int, *texts: str) -> None:
        self.pieces += [Open(code), array_header(len(texts)), *map(pack_text, texts), _CLOSE]

    def _write_python_object(self, value: Any) -> None:
        if isinstance(value, OpaquePythonObject):
            sealed = value
        elif self._context.python_objects is None:
            raise ValueError(f"a {type_name_of(value)} cannot be sent")
        else:
            try:
                sealed = self._context.python_objects.seal(value)
            except Exception as error:
                raise ValueError(f"a {type_name_of(value)} cannot be sent: {error}") from error
        self.pieces += [Open(ext.PYTHON_OBJECT), array_header(3), pack_text(sealed.type_name), pack_text(sealed.text)]
        self._write_bytes(memoryview(sealed.data))
        self.pieces.append(_CLOSE)

    def _write_elements(self, elements: Elements) -> None:
        kind, data, shape = elements
        if shape is not None:
            self.pieces += [Open(ext.ND_ARRAY), array_header(2), array_header(len(shape)), *map(pack, shape)]
        if kind.code == UINT8_CODE:
            self._write_bytes(data)
        else:
            self.pieces.append(Binary(kind.code, data))
        if shape is not None:
            self.pieces.append(_CLOSE)

    def _write_bytes(self, data: memoryview) -> None:
        if data.nbytes >= 2**32:
            raise ValueError(f"{data.nbytes} bytes are more than a value can hold")
        self.pieces.append(bin_header(data.nbytes))
        self.pieces.append(data)

    def _leaf_time(self, value: datetime.datetime) -> bool:
        if value.utcoffset() is None:
            return self._leaf_local(value)
        self.pieces.append(extension(ext.TIMESTAMP, timestamp_of(value)))
        return True

    def _leaf_local(self, value: datetime.datetime | datetime.date | datetime.time) -> bool:
        self.pieces.append(extension(ext.LOCAL_DATE_TIME, value.isoformat().encode()))
        return True

    def _leaf_timestamp(self, value: msgpack.Timestamp) -> bool:
        self.pieces.append(extension(ext.TIMESTAMP, timestamp_of(value)))
        return True

    def _leaf_text(self, value: decimal.Decimal | uuid.UUID) -> bool:
        code = ext.UUID if isinstance(value, uuid.UUID) else ext.DECIMAL
        self.pieces.append(extension(code, str(value).encode()))
        return True

    def _leaf_tuple(self, value: tuple[Any, ...]) -> bool:
        # There is one empty tuple in a process: it is not the same array wherever it stands.
        if value:
            return False
        self.pieces.append(array_header(0))
        return True


def _as_base(value: str | int | float | bytes) -> object:
    if isinstance(value, str):
        return "".join(value)
    if isinstance(value, int):
        return int(value)
    return float(value) if isinstance(value, float) else bytes(value)


def _opaque(mark: Mark, inside: tuple[object, object]) -> Iterator[tuple[Step, object]]:
    for value in inside:
        yield None, value
    mark.opaque = False


_LEAVES: Final[dict[type[Any], Any]] = {
    datetime.datetime: Encoder._leaf_time,
    datetime.date: Encoder._leaf_local,
    datetime.time: Encoder._leaf_local,
    decimal.Decimal: Encoder._leaf_text,
    uuid.UUID: Encoder._leaf_text,
    msgpack.Timestamp: Encoder._leaf_timestamp,
    tuple: Encoder._leaf_tuple,
}
