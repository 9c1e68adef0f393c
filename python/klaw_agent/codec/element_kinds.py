"""Typed arrays: numpy's where it is installed, else those of the standard library."""

from __future__ import annotations

import array
import functools
import math
import struct
import sys
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

BUFFER_CODE: Final = 0
DATA_VIEW_CODE: Final = 1
UINT8_CODE: Final = 2
_FLOAT16_CODE: Final = 11


class ElementKind(NamedTuple):
    """How a buffer's bytes are read. Codes are part of the wire format."""

    code: int
    size: int
    #: Of numpy.
    dtype: str
    #: Of `array` and `memoryview`.
    format: str


_KINDS = (
    ElementKind(UINT8_CODE, 1, "<u1", "B"),
    ElementKind(3, 1, "<u1", "B"),
    ElementKind(4, 1, "<i1", "b"),
    ElementKind(5, 2, "<u2", "H"),
    ElementKind(6, 2, "<i2", "h"),
    ElementKind(7, 4, "<u4", "I"),
    ElementKind(8, 4, "<i4", "i"),
    ElementKind(9, 8, "<u8", "Q"),
    ElementKind(10, 8, "<i8", "q"),
    ElementKind(_FLOAT16_CODE, 2, "<f2", "e"),
    ElementKind(12, 4, "<f4", "f"),
    ElementKind(13, 8, "<f8", "d"),
)
_BY_CODE = {kind.code: kind for kind in _KINDS}
#: By kind and size of an element; what two kinds share means the first.
_BY_DTYPE = {kind.dtype[1:]: kind for kind in reversed(_KINDS)}


def kind_by_code(code: int) -> ElementKind | None:
    """None: no typed array has that code."""
    return _BY_CODE.get(code)


@functools.cache
def _numpy() -> Any:
    """None where it is not installed: Ray does not need it, and neither do we. It takes half as long to import as all of this package."""
    try:
        import numpy
    except ImportError:
        return None
    return numpy


def _in_numpy(name: str) -> Any:
    """What nothing can be an instance of before somebody has imported numpy."""
    return getattr(sys.modules.get("numpy"), name, None)


def is_array_class(kind: type[Any]) -> bool:
    """Whether it is a class of numpy's that holds nothing but elements."""
    return kind is _in_numpy("ndarray") or kind is _in_numpy("memmap")


def is_numpy_scalar(value: object) -> bool:
    scalar = _in_numpy("generic")
    return scalar is not None and isinstance(value, scalar)


def make_array(data: memoryview | bytes, kind: ElementKind) -> object:
    """A typed array over `data`, without a copy where the data's address allows it."""
    numpy = _numpy()
    if numpy is not None:
        elements = numpy.frombuffer(data, dtype=kind.dtype)
        return elements if elements.flags.aligned else elements.copy()
    if kind.code == _FLOAT16_CODE:
        # Nothing in the standard library holds halves: every one of them fits a single.
        return array.array("f", struct.unpack(f"<{len(data) // 2}e", data))
    elements = array.array(kind.format)
    elements.frombytes(data)
    return elements


def reshape(elements: Any, shape: Sequence[int]) -> object:
    """The elements as an array of that shape, the last index fastest. Raises `ValueError` when they do not fit."""
    if isinstance(elements, bytes):
        elements = make_array(elements, _BY_CODE[UINT8_CODE])
    if not hasattr(elements, "__len__") or math.prod(shape) != len(elements):
        raise ValueError(f"the shape ({', '.join(map(str, shape))}) does not fit the elements")
    if is_array_class(type(elements)):
        return elements.reshape(tuple(shape))
    if not isinstance(elements, array.array):
        raise ValueError("an array with a shape needs elements")
    if len(elements) == 0 or len(shape) == 0:
        return elements
    return memoryview(elements).cast("B").cast(elements.typecode, tuple(shape))  # type: ignore[arg-type]


class Elements(NamedTuple):
    """A typed array's elements, ready to be written. `shape` is None in one dimension."""

    kind: ElementKind
    data: memoryview
    shape: tuple[int, ...] | None


def elements_of(value: Any) -> Elements | None:
    """What is in an array or a memoryview; None when JavaScript has no such elements (bool, complex, text …)."""
    if isinstance(value, array.array):
        value = memoryview(value)
    if isinstance(value, memoryview):
        letter = value.format.lstrip("@=<")
        if len(letter) != 1 or letter not in "bBhHiIlLqQefdc":
            return None
        name = (
            "u1" if letter == "c" else f"{'f' if letter in 'efd' else 'i' if letter.islower() else 'u'}{value.itemsize}"
        )
        kind = _BY_DTYPE.get(name)
        if kind is None:
            return None
        shape = None if value.ndim == 1 else tuple(value.shape or ())
        data = value if value.c_contiguous else memoryview(value.tobytes())
        # An empty view cannot be cast.
        return Elements(kind, data.cast("B") if data.nbytes > 0 else memoryview(b""), shape)
    kind = _BY_DTYPE.get(f"{value.dtype.kind}{value.dtype.itemsize}")
    numpy = _numpy()
    if kind is None or numpy is None:
        return None
    elements = numpy.ascontiguousarray(value, dtype=kind.dtype)
    data = elements.reshape(-1).view(numpy.uint8).data if elements.size > 0 else memoryview(b"")
    return Elements(kind, data, None if value.ndim == 1 else tuple(value.shape))
