"""Extensions without values inside: payload to value."""

from __future__ import annotations

import decimal
import uuid
from typing import Final

from . import extension_types as ext
from .element_kinds import BUFFER_CODE, DATA_VIEW_CODE, UINT8_CODE, kind_by_code, make_array
from .times import local_from, time_from

#: Stands for a hole until the array that has it is known.
HOLE_VALUE: Final = object()


def read_leaf(code: int, data: memoryview) -> object:
    """Raises `ValueError` (or what conversions raise) for a payload that means nothing."""
    if code == ext.BINARY:
        return read_binary(data)
    if code == ext.SPECIAL:
        return _read_special(data)
    if code == ext.BIGINT:
        if len(data) == 0:
            raise ValueError("a bigint without bytes")
        return int.from_bytes(data, "big", signed=True)
    if code == ext.TIMESTAMP:
        return time_from(data)
    if code == ext.UTF16:
        return bytes(data).decode("utf-16-le", "surrogatepass")
    if code == ext.LOCAL_DATE_TIME:
        return local_from(_text(data))
    if code == ext.DECIMAL:
        try:
            return decimal.Decimal(_text(data))
        except decimal.InvalidOperation:
            raise ValueError("the text is no decimal number") from None
    if code == ext.UUID:
        return uuid.UUID(_text(data))
    if code == ext.ATTACHMENT:
        raise ValueError("an attachment has not arrived with the bytes: memory is not shared between machines")
    raise ValueError(f"the extension type {code} is unknown")


def read_binary(data: memoryview) -> object:
    """An ArrayBuffer, a DataView or a typed array. The array is a view of `data` where alignment allows."""
    if len(data) < 2:
        raise ValueError("the bytes end too early")
    code, padding = data[0], data[1]
    content = data[2 + padding :]
    if 2 + padding > len(data):
        raise ValueError("the bytes end too early")
    if code in (BUFFER_CODE, DATA_VIEW_CODE, UINT8_CODE):
        return bytes(content)
    kind = kind_by_code(code)
    if kind is None:
        raise ValueError(f"the element kind {code} is unknown")
    if len(content) % kind.size != 0:
        raise ValueError(f"{len(content)} bytes are no whole number of elements of {kind.size} bytes")
    return make_array(content, kind)


def _read_special(data: memoryview) -> object:
    if len(data) != 1 or data[0] > ext.INVALID_DATE:
        raise ValueError("the special value is unknown")
    return HOLE_VALUE if data[0] == ext.HOLE else None


def _text(data: memoryview) -> str:
    return str(data, "utf-8", "replace")
