"""What comes over the wire as the argument of an operation, checked field by field."""

from __future__ import annotations

import math
from typing import Any

from ..errors import SerializationError
from ..wire.items import Token

_MOST_UINT32 = 2**32 - 1


class Arguments:
    """The argument of one operation. Whatever is not as it should be is a `SerializationError` that names the field."""

    def __init__(self, operation: str, value: object, path: str = "") -> None:
        self._operation = operation
        self._path = path
        if not isinstance(value, dict):
            raise self._refusal(path, "an object is needed", value)
        self._fields = value

    def nested(self, name: str) -> Arguments:
        """The fields of a field that is an object."""
        return Arguments(self._operation, self._fields.get(name), self._at(name))

    def has(self, name: str) -> bool:
        return self._fields.get(name) is not None

    def text(self, name: str) -> str:
        value = self._fields.get(name)
        if not isinstance(value, str):
            raise self._refusal(self._at(name), "a string is needed", value)
        return value

    def optional_text(self, name: str) -> str | None:
        return self.text(name) if self.has(name) else None

    def choice(self, name: str, *choices: str) -> str:
        value = self._fields.get(name)
        if not isinstance(value, str) or value not in choices:
            raise self._refusal(self._at(name), f"it is one of {', '.join(choices)}", value)
        return value

    def flag(self, name: str) -> bool:
        """False when it is absent."""
        value = self._fields.get(name)
        if value is not None and not isinstance(value, bool):
            raise self._refusal(self._at(name), "true or false is needed", value)
        return value is True

    def uint32(self, name: str) -> int:
        return self._uint32(self._at(name), self._fields.get(name))

    def optional_uint32(self, name: str) -> int | None:
        return self.uint32(name) if self.has(name) else None

    def number(self, name: str, least: float) -> float:
        """A number of at least that much, possibly infinite."""
        value = self._fields.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value) or value < least:
            raise self._refusal(self._at(name), f"a number of at least {least:g} is needed", value)
        return value

    def optional_number(self, name: str, least: float) -> float | None:
        return self.number(name, least) if self.has(name) else None

    def binary(self, name: str) -> bytes:
        """The bytes of a field, as memory of their own."""
        value = self._fields.get(name)
        if not isinstance(value, bytes | bytearray | memoryview):
            raise self._refusal(self._at(name), "bytes are needed", value)
        return bytes(value)

    def token(self, name: str) -> Token:
        return self._token(self._at(name), self._fields.get(name))

    def tokens(self, name: str) -> list[Token]:
        """A list of tokens; empty when it is absent."""
        value = self._fields.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self._refusal(self._at(name), "a list of tokens is needed", value)
        return [self._token(f"{self._at(name)}[{index}]", token) for index, token in enumerate(value)]

    def _token(self, path: str, value: object) -> Token:
        if not isinstance(value, dict):
            raise self._refusal(path, "a token is needed", value)
        return (
            self._uint32(f"{path}.origin", value.get("origin")),
            self._uint32(f"{path}.number", value.get("number")),
        )

    def _uint32(self, path: str, value: Any) -> int:
        whole = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _MOST_UINT32
        if not whole or value != int(value):
            raise self._refusal(path, "a whole number below 2^32 is needed", value)
        return int(value)

    def _at(self, name: str) -> str:
        return f"{self._path}.{name}" if self._path else name

    def _refusal(self, path: str, need: str, value: object) -> SerializationError:
        shown = repr(value) if isinstance(value, str | int | float | None) else f"a {type(value).__name__}"
        shown = shown if len(shown) <= 100 else f"{shown[:100]}…"
        where = f"{self._operation}: {path or 'the argument'}"
        return SerializationError(f"{where}: {need}, not {shown}", path=path)
