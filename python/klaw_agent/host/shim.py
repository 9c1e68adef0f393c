"""What Ray gets for actors and tasks in TypeScript.

Where it runs this package is not there yet, so the text of this module, after that of `parcels.py`, reaches the cluster inside a pickle
(`shipping.py`): it imports nothing of the package before it has installed it.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any, TypeVar

import ray

if TYPE_CHECKING:
    from .parcels import install_parcel, keeping_bytecode

_Method = TypeVar("_Method", bound=Callable[..., Any])

#: The concurrency group of what the shim is asked about itself, which never waits behind calls.
SYSTEM_GROUP = "klaw"


#: How the shim is asked about itself. Ray's own decorator has no types.
_system_method: Callable[[_Method], _Method] = ray.method(concurrency_group=SYSTEM_GROUP)
_located_method: Callable[[_Method], _Method] = ray.method(concurrency_group=SYSTEM_GROUP, max_task_retries=-1)


class Sources:
    """This package as a parcel. It is installed when Ray unpickles the class or function that refers to it: arguments that are unpickled
    afterwards may need the package."""

    def __init__(self, identity: str) -> None:
        self._identity = identity

    def __reduce__(self) -> tuple[Callable[[str], Sources], tuple[str]]:
        return _arrived, (self._identity,)

    def load(self, module: str) -> Any:
        """A module of the package. Blocks."""
        if "klaw_agent" not in sys.modules:
            folder = str(install_parcel(self._identity))
            if folder not in sys.path:
                sys.path.insert(0, folder)
            importlib.invalidate_caches()
        with keeping_bytecode():
            return importlib.import_module(module)


def _arrived(identity: str) -> Sources:
    sources = Sources(identity)
    try:
        sources.load("klaw_agent.host")
    except Exception:
        # It will be tried again, and then said, by what uses it: here Ray would only say that something could not be imported.
        return sources
    return sources


class Shim:
    """The actor of Ray's that stands for one in TypeScript. Its methods are added by `shim_class`."""

    def __init__(self, sources: Sources, config: dict[str, Any], handles: list[Any], resolved: list[Any]) -> None:
        host = sources.load("klaw_agent.host.actor_host")
        self._klaw_host: Any = host.ActorHost(config)
        self._klaw_host.create(handles, resolved)

    @_located_method
    async def __klaw_locate__(self) -> dict[str, Any]:
        """Where the Node process listens."""
        located: dict[str, Any] = await self._klaw_host.locate()
        return located

    @_system_method
    async def __klaw_ask__(self, operation: str, *arguments: Any) -> Any:
        """The hub asks for something, as it asks agents."""
        return await self._klaw_host.answer(operation, *arguments)


def shim_class(sources: Sources, module: str, name: str, methods: dict[str, str]) -> type[Any]:
    """A class with these methods: by their names, 'value' or 'stream'."""

    def constructor(self: Any, config: dict[str, Any], handles: list[Any], *resolved: Any) -> None:
        Shim.__init__(self, sources, config, handles, list(resolved))

    members: dict[str, Any] = {"__module__": module, "__qualname__": name, "__init__": constructor}
    for method, kind in methods.items():
        made = _stream_method(method) if kind == "stream" else _value_method(method)
        made.__name__, made.__qualname__, made.__module__ = method, f"{name}.{method}", module
        members[method] = made
    return type(name, (Shim,), members)


def task_function(sources: Sources, module: str, name: str) -> Callable[..., Any]:
    """A function that has the TypeScript one run."""

    def run(config: dict[str, Any], handles: list[Any], *resolved: Any) -> Any:
        return sources.load("klaw_agent.host.task_host").run(config, handles, list(resolved))

    run.__name__ = run.__qualname__ = name
    run.__module__ = module
    return run


def _value_method(name: str) -> Any:
    async def method(self: Any, *args: Any) -> Any:
        return await self._klaw_host.call(name, args)

    return method


def _stream_method(name: str) -> Any:
    async def method(self: Any, *args: Any) -> AsyncIterator[Any]:
        async for value in self._klaw_host.stream(name, args):
            yield value

    return method
