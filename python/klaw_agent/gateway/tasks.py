"""Functions that run as Ray's tasks."""

from __future__ import annotations

import asyncio
from typing import Any

import ray

from ..errors import RayError
from .calls import Calls
from .completions import Completions
from .entries import ObjectEntry
from .load import load_function
from .ray_errors import wrap
from .serving import Request
from .table import Table


class Tasks:
    """The tasks of one session."""

    def __init__(self, table: Table, calls: Calls, completions: Completions) -> None:
        self._table = table
        self._calls = calls
        self._completions = completions
        self._running: set[asyncio.Task[None]] = set()

    def submit(self, request: Request) -> None:
        """`task.submit`: answered at once; whatever is wrong is what the object fails with."""
        module, name = request.field("module", str), request.field("name", str)
        options = request.field("options", dict)
        request.field("args", list)
        entry = self._table.make_object(request.field("number", int))
        task = asyncio.get_running_loop().create_task(self._submit(entry, request, module, name, options))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _submit(
        self, entry: ObjectEntry, request: Request, module: str, name: str, options: dict[str, Any]
    ) -> None:
        try:
            await request.complete()
            arguments = request.field("args", list)
            ref = await self._completions.call(lambda: submit_task(module, name, arguments, options))
            if not isinstance(ref, ray.ObjectRef):
                raise RayError(f"{module}.{name} is a generator: its values come one by one, by iterating over them")
            self._calls.born_apart(entry, ref)
        except asyncio.CancelledError:
            entry.fail(RayError("the session ended before the task was submitted"))
            raise
        except BaseException as error:
            entry.fail(error)

    def close(self) -> None:
        for task in self._running:
            task.cancel()


def submit_task(module: str, name: str, arguments: list[Any], options: dict[str, Any]) -> Any:
    """Hands a task to Ray; returns its ref, or its generator. Blocks while the module is imported."""
    function = load_function(module, name)
    try:
        return (function.options(**options) if options else function).remote(*arguments)
    except (ValueError, TypeError) as error:
        raise wrap(error, f"{module}.{name} could not be called") from error
