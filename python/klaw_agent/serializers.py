"""Serializers of Python classes, the counterpart of `klaw.registerSerializer` in TypeScript."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .codec import SerializerRegistry

#: Of everything in this process. Whatever runs in an agent's process belongs to its one session.
REGISTRY = SerializerRegistry()


def register_serializer(
    kind: type[Any], name: str, serialize: Callable[[Any], object], deserialize: Callable[[Any], object]
) -> None:
    """Has instances of exactly `kind` travel under `name`, under which TypeScript has registered its class.

    To be called by a module that the session imports (`session.open`). Registering a class again replaces its serializer.
    Raises `TypeError` when the name belongs to another class.
    """
    REGISTRY.register(kind, name, serialize, deserialize)


def deregister_serializer(kind: type[Any]) -> None:
    """Forgets a class; nothing happens when it has no serializer."""
    REGISTRY.deregister(kind)
