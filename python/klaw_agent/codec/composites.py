"""Extensions with values inside that are made when all of those are there."""

from __future__ import annotations

from typing import Any

from ..errors import SerializationError
from . import extension_types as ext
from .context import CodecContext
from .element_kinds import BUFFER_CODE, DATA_VIEW_CODE, UINT8_CODE, kind_by_code, make_array, reshape
from .python_objects import OpaquePythonObject
from .regular_expressions import pattern_from

CODES = frozenset({ext.REGEXP, ext.BOXED, ext.VIEW, ext.HANDLE, ext.CUSTOM, ext.ND_ARRAY, ext.PYTHON_OBJECT})


def make_composite(code: int, inside: Any, context: CodecContext, made: Made) -> object:
    """Raises `ValueError` where what is inside has another form than the type asks for."""
    if code == ext.BOXED:
        if not isinstance(inside, str | int | float | bool):
            raise ValueError("only primitives are boxed")
        return inside
    if not isinstance(inside, list):
        raise ValueError("the extension needs an array")
    if code == ext.REGEXP:
        source, flags = _fields(inside, str, str)
        return pattern_from(source, flags)
    if code == ext.VIEW:
        return _view(*_fields(inside, int, int, int, bytes))
    if code == ext.ND_ARRAY:
        shape, elements = _fields(inside, list, object)
        if not all(type(size) is int and size >= 0 for size in shape):
            raise ValueError("a shape needs sizes")
        return reshape(elements, shape)
    if code == ext.PYTHON_OBJECT:
        type_name, text, data = _fields(inside, str, str, bytes)
        if context.python_objects is None:
            return OpaquePythonObject(type_name, text, data)
        return context.python_objects.open(data)
    if code == ext.HANDLE:
        kind, body = _fields(inside, int, object)
        return made.once(lambda: _handle(context, kind, body))
    name, data = _fields(inside, str, object)
    return made.once(lambda: _custom(context, name, data))


class Made:
    """What functions of others have made of a message so far, in the order of the bytes.

    A message that turns out to need the complete reader is read again from its start, but a handle must not be
    claimed twice.
    """

    def __init__(self) -> None:
        self._values: list[object] = []
        self._next = 0

    def once(self, make: Any) -> object:
        if self._next == len(self._values):
            self._values.append(make())
        self._next += 1
        return self._values[self._next - 1]

    def again(self) -> None:
        self._next = 0


def _fields(inside: list[Any], *kinds: type[Any]) -> list[Any]:
    if len(inside) != len(kinds):
        raise ValueError(f"the extension needs {len(kinds)} values, not {len(inside)}")
    for value, kind in zip(inside, kinds, strict=True):
        if not isinstance(value, kind):
            raise ValueError(f"the extension needs a {kind.__name__}, not a {type(value).__name__}")
    return inside


def _view(code: int, offset: int, length: int, buffer: bytes) -> object:
    kind = kind_by_code(code)
    size = 1 if kind is None else kind.size
    if kind is None and code != DATA_VIEW_CODE:
        raise ValueError(f"the element kind {code} is unknown")
    if offset < 0 or length < 0 or offset % size != 0 or offset + length * size > len(buffer):
        raise ValueError(f"a view of {length} elements at {offset} is not within the {len(buffer)} bytes of its buffer")
    content = memoryview(buffer)[offset : offset + length * size]
    if kind is None or code in (BUFFER_CODE, UINT8_CODE):
        return bytes(content)
    return make_array(content, kind)


def _handle(context: CodecContext, kind: int, body: object) -> object:
    if context.decode_handle is None:
        raise ValueError("the message holds a ref, an actor handle or a channel end, which nobody can receive here")
    return context.decode_handle(kind, body)


def _custom(context: CodecContext, name: str, data: object) -> object:
    serializer = None if context.serializers is None else context.serializers.of_name(name)
    if serializer is None:
        raise ValueError(f"no serializer named {name!r} is registered here: both sides need one under that name")
    try:
        return serializer.deserialize(data)
    except Exception as error:
        raise SerializationError(f"the deserializer {name!r} raised {error!r}", cause=error) from error
