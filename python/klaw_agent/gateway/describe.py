"""What the client is told about an actor: where its class is from, and which methods it has."""

from __future__ import annotations

import inspect
import sys
from typing import Any, Final

#: How the modules of classes that stand for those of TypeScript begin (`host/shipping.py`), and whether these are asynchronous.
TYPESCRIPT_MODULES: Final = {"typescript:": False, "typescript async:": True}


def typescript_module(module: str) -> tuple[str, bool] | None:
    """The module of a class in TypeScript, and whether that is asynchronous, by what Ray takes for the module; None for Python's own."""
    for prefix, asynchronous in TYPESCRIPT_MODULES.items():
        if module.startswith(prefix):
            return module[len(prefix) :], asynchronous
    return None


def is_typescript(handle: Any) -> bool:
    """Whether an actor is one in TypeScript."""
    descriptor = handle._ray_actor_creation_function_descriptor
    return typescript_module(getattr(descriptor, "module_name", "")) is not None


def describe_handle(handle: Any) -> dict[str, Any]:
    """`{ module, name, methods, asynchronous }`, and for TypeScript `language`, as a handle knows it, whoever has made the actor."""
    descriptor = handle._ray_actor_creation_function_descriptor
    generators = handle._ray_method_is_generator
    methods = {
        name: "stream" if generators.get(name) else "value"
        for name in handle._ray_method_signatures
        if not (name.startswith("__") and name.endswith("__"))
    }
    module = getattr(descriptor, "module_name", "")
    name = getattr(descriptor, "class_name", "")
    known = typescript_module(module)
    if known is not None:
        return {
            "language": "typescript",
            "module": known[0],
            "name": name,
            "methods": methods,
            "asynchronous": known[1],
        }
    return {"module": module, "name": name, "methods": methods, "asynchronous": _is_asynchronous(handle, module, name)}


def _is_asynchronous(handle: Any, module: str, name: str) -> bool:
    """By the class itself if it is there, else by what Ray says of the order in which the actor runs its calls."""
    found: Any = sys.modules.get(module)
    for step in name.split("."):
        found = getattr(found, step, None)
    kind = plain_class_of(found)
    if kind is None:
        return bool(getattr(handle, "_ray_allow_out_of_order_execution", False))
    return any(
        inspect.iscoroutinefunction(method) or inspect.isasyncgenfunction(method)
        for _, method in inspect.getmembers(kind, inspect.isfunction)
    )


def plain_class_of(found: Any) -> type[Any] | None:
    """The class that a plain or a `ray.remote` class stands for; None for anything else."""
    if isinstance(found, type):
        return found
    metadata = getattr(found, "__ray_metadata__", None)
    kind = getattr(metadata, "modified_class", None)
    return kind if isinstance(kind, type) else None
