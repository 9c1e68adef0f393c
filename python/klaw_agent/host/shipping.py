"""Makes what Ray gets for actors and tasks in TypeScript: classes and functions that nobody can import, so that Ray ships them whole."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import ray

from ..errors import KlawError, SerializationError
from ..gateway.describe import TYPESCRIPT_MODULES
from ..hub_actor import package_sources
from .parcels import has_parcel, hash_of, store_parcel

#: Calls that may wait in a shim at a time; how many of them run is its TypeScript class's affair.
_MOST_CALLS: Final = 10_000
#: Questions to a shim about itself.
_MOST_QUESTIONS: Final = 1_000
_MODULE: Final = "klaw_shim"


def create_shim(config: dict[str, Any], handles: list[Any], resolved: list[Any], options: dict[str, Any]) -> Any:
    """Creates an actor; returns its handle as soon as Ray knows it. Blocks. Raises `KlawError`, and what Ray raises."""
    code = _checked(config["code"])
    methods = code.get("methods")
    if not isinstance(methods, dict):
        raise KlawError(f"the class {code['name']} has no list of methods")
    for name in methods:
        if name.startswith("__"):
            raise KlawError(f"the class {code['name']} has a method {name!r}: on Ray, such names belong to Python")
    asynchronous = bool(code.get("asynchronous"))
    kind = _actor_class(own_sources(), _module_of(code["source"], asynchronous), code["name"], json.dumps(methods))
    description = {
        "language": "typescript",
        "module": code["source"],
        "name": code["name"],
        "methods": methods,
        "asynchronous": asynchronous,
    }
    limits = {
        "max_concurrency": max(_MOST_CALLS, config["maxConcurrency"] or 0),
        # Ray refuses retries where nothing is ever started again.
        "max_task_retries": config["maxTaskRetries"] if options.get("max_restarts") else 0,
        "max_pending_calls": config["maxPendingCalls"],
    }
    return kind.options(**{**options, **limits}).remote({**config, "description": description}, handles, *resolved)


def submit_function(config: dict[str, Any], handles: list[Any], resolved: list[Any], options: dict[str, Any]) -> Any:
    """Hands a task to Ray; returns its ref. Blocks. Raises what Ray raises."""
    code = _checked(config["code"])
    function = _task_function(own_sources(), _module_of(code["source"], False), code["name"])
    return function.options(**options).remote(config, handles, *resolved)


def _checked(code: dict[str, Any]) -> dict[str, Any]:
    for field in ("runtime", "module", "source", "name"):
        if not isinstance(code.get(field), str):
            raise SerializationError(f"the code does not say its {field}", path=f"code.{field}")
    return code


def _module_of(source: str, asynchronous: bool) -> str:
    """What Ray takes for the module of a class, from which other sessions know what it is."""
    [prefix] = [prefix for prefix, is_it in TYPESCRIPT_MODULES.items() if is_it is asynchronous]
    return prefix + source


@functools.lru_cache(maxsize=256)
def _actor_class(sources: str, module: str, name: str, methods: str) -> Any:
    namespace = shipped_modules()
    made = namespace["shim_class"](namespace["Sources"](sources), module, name, json.loads(methods))
    groups = {namespace["SYSTEM_GROUP"]: _MOST_QUESTIONS}
    return ray.remote(concurrency_groups=groups)(made)


@functools.lru_cache(maxsize=256)
def _task_function(sources: str, module: str, name: str) -> Any:
    namespace = shipped_modules()
    return ray.remote(namespace["task_function"](namespace["Sources"](sources), module, name))


@functools.cache
def shipped_modules() -> Mapping[str, Any]:
    """The modules that are shipped, run as one that nobody can import."""
    namespace: dict[str, Any] = {"__name__": _MODULE}
    folder = Path(__file__).parent
    for name in ("parcels.py", "shim.py"):
        text = (folder / name).read_text("utf-8")
        exec(compile(text, f"klaw_agent/host/{name}", "exec"), namespace)  # noqa: S102 - it is our own
    return namespace


@functools.cache
def _own_parcel() -> tuple[str, dict[str, bytes]]:
    files = {path: text.encode() for path, text in package_sources().items()}
    return hash_of(files.items()), files


def own_sources() -> str:
    """The hash of this package, as a parcel that the cluster has. Blocks."""
    identity, files = _own_parcel()
    if not has_parcel(identity):
        store_parcel(identity, files)
    return identity
