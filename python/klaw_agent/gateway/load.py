"""Finds classes and functions by module and name."""

from __future__ import annotations

import functools
import importlib
import inspect
from typing import Any

import ray
from ray.actor import ActorClass
from ray.remote_function import RemoteFunction

from ..errors import RayError
from .ray_errors import wrap


def load_module(module: str) -> Any:
    """Imports a module. Blocks. Raises `RayError` that names it."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        missing = error.name or module
        if missing == module or module.startswith(f"{missing}."):
            raise RayError(
                f"there is no Python module {module!r} on the cluster: it has to be on the workers' path or in the"
                " session's runtimeEnv",
                cause=error,
            ) from error
        raise wrap(error, f"the Python module {module!r} could not be imported") from error
    except Exception as error:
        raise wrap(error, f"the Python module {module!r} could not be imported") from error


@functools.cache
def load_actor_class(module: str, name: str) -> ActorClass[Any]:
    """The class as a `ray.remote` one. Blocks."""
    found = _load(module, name)
    if isinstance(found, ActorClass):
        return found
    if isinstance(found, type):
        return ray.remote(found)  # type: ignore[no-any-return, call-overload, unused-ignore]
    raise RayError(f"{module}.{name} is a {type(found).__name__}, not a class")


@functools.cache
def load_function(module: str, name: str) -> RemoteFunction:
    """The function as a `ray.remote` one. Blocks."""
    found = _load(module, name)
    if isinstance(found, RemoteFunction):
        return found
    if isinstance(found, type | ActorClass):
        raise RayError(f"{module}.{name} is a class: use pyActorClass")
    if inspect.isfunction(found):
        return ray.remote(found)  # type: ignore[no-any-return, call-overload, unused-ignore]
    if callable(found):
        # Ray takes nothing but functions: no builtins, no instances that can be called.
        def call(*arguments: Any) -> Any:
            return found(*arguments)

        call.__name__ = call.__qualname__ = name
        return ray.remote(call)  # type: ignore[no-any-return, call-overload, unused-ignore]
    raise RayError(f"{module}.{name} is a {type(found).__name__}, not a function")


def _load(module: str, name: str) -> Any:
    found = load_module(module)
    for step in name.split("."):
        try:
            found = getattr(found, step)
        except AttributeError as error:
            raise RayError(f"the Python module {module!r} has no {name!r}", cause=error) from error
    return found
