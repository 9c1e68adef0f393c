"""Headers and values without anything inside, as bytes."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import msgpack

from . import extension_types as ext

_packer = msgpack.Packer(use_bin_type=True, autoreset=True)
#: Writes None, bool, float, int of 64 bits, and text without lone surrogates.
pack: Callable[[Any], bytes] = _packer.pack
array_header: Callable[[int], bytes] = _packer.pack_array_header
map_header: Callable[[int], bytes] = _packer.pack_map_header

_FIXED_EXTENSIONS = {1: 0xD4, 2: 0xD5, 4: 0xD6, 8: 0xD7, 16: 0xD8}


def extension(code: int, data: bytes) -> bytes:
    """A whole extension with the shortest header."""
    length = len(data)
    fixed = _FIXED_EXTENSIONS.get(length)
    if fixed is not None:
        return struct.pack(">Bb", fixed, code) + data
    if length < 0x100:
        return struct.pack(">BBb", 0xC7, length, code) + data
    if length < 0x10000:
        return struct.pack(">BHb", 0xC8, length, code) + data
    return struct.pack(">BIb", 0xC9, length, code) + data


def bin_header(length: int) -> bytes:
    """The header of a bin."""
    if length < 0x100:
        return struct.pack(">BB", 0xC4, length)
    if length < 0x10000:
        return struct.pack(">BH", 0xC5, length)
    return struct.pack(">BI", 0xC6, length)


def long_map_header(count: int) -> bytes:
    """The header of a map in its longest form, as TypeScript writes an error's maps."""
    return struct.pack(">BI", 0xDF, count)


def integer_payload(value: int) -> bytes:
    """The payload of a bigint."""
    if -(2**63) <= value < 2**63:
        return value.to_bytes(8, "big", signed=True)
    magnitude = abs(value)
    hexadecimal_digits = (magnitude.bit_length() + 3) // 4
    return value.to_bytes(hexadecimal_digits // 2 + 1, "big", signed=True)


def pack_text(text: str) -> bytes:
    """A str, or where it holds a lone surrogate, UTF-16."""
    try:
        return pack(text)
    except UnicodeEncodeError:
        return extension(ext.UTF16, text.encode("utf-16-le", "surrogatepass"))


def pack_integer(value: int) -> bytes:
    """An int, or beyond 64 bits, a bigint."""
    if -(2**63) <= value < 2**64:
        return pack(value)
    return extension(ext.BIGINT, integer_payload(value))
