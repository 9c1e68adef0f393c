"""Serializers of users' classes, by class and by the name that both languages register them under."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Serializer:
    """How instances of exactly `kind` travel under `name`."""

    kind: type[Any]
    name: str
    serialize: Callable[[Any], object]
    deserialize: Callable[[Any], object]


class SerializerRegistry:
    """The serializers of one agent."""

    def __init__(self) -> None:
        self._by_class: dict[type[Any], Serializer] = {}
        self._by_name: dict[str, Serializer] = {}

    def register(
        self, kind: type[Any], name: str, serialize: Callable[[Any], object], deserialize: Callable[[Any], object]
    ) -> None:
        """Registers a class, or replaces its serializer. Raises `TypeError` when the name belongs to another class."""
        if not isinstance(kind, type):
            raise TypeError(f"a class is needed, not {kind!r}")
        if not isinstance(name, str) or name == "":
            raise TypeError("'name' must be a string that is not empty")
        if not callable(serialize) or not callable(deserialize):
            raise TypeError("'serialize' and 'deserialize' must be callable")
        holder = self._by_name.get(name)
        if holder is not None and holder.kind is not kind:
            raise TypeError(f"the name {name!r} belongs to the serializer of {holder.kind.__qualname__}")
        self.deregister(kind)
        self._by_class[kind] = self._by_name[name] = Serializer(kind, name, serialize, deserialize)

    def deregister(self, kind: type[Any]) -> None:
        """Forgets a class; nothing happens when it has no serializer."""
        serializer = self._by_class.pop(kind, None)
        if serializer is not None:
            del self._by_name[serializer.name]

    def of_class(self, kind: type[Any]) -> Serializer | None:
        """The serializer of exactly that class."""
        return self._by_class.get(kind)

    def of_name(self, name: str) -> Serializer | None:
        """The serializer of that name."""
        return self._by_name.get(name)
