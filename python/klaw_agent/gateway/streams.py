"""Generators that run elsewhere, value by value."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

import ray
from ray import ObjectRefGenerator

from ..errors import RayError, TaskCancelledError
from .calls import Calls, RequestArguments, method_of
from .completions import Completions
from .entries import ActorEntry, StreamEntry
from .serving import Request, birth
from .table import Table
from .tasks import submit_task


class Streams:
    """The generators of one session."""

    def __init__(self, table: Table, calls: Calls, completions: Completions) -> None:
        self._table = table
        self._calls = calls
        self._completions = completions
        self._tasks: set[asyncio.Future[Any]] = set()

    def open(self, request: Request) -> None:
        """`stream.open`: calls a generator, of an actor or not. Whatever is wrong is what the first `next` fails with."""
        options = request.field("options", dict) if "options" in request.argument else {}
        request.field("args", list)
        entry = self._table.make_stream(request.field("number", int))
        if "actor" not in request.argument:
            module, name = request.field("module", str), request.field("name", str)
            self._keep(self._open_task(entry, request, module, name, options))
            return
        name = request.field("method", str)
        try:
            actor = self._table.actor(request.field("actor", int))
        except RayError as error:
            entry.fail(error)
            return
        step = StreamStep(entry, actor, RequestArguments(request), name, options)
        actor.lane.append(step)

    async def _open_task(
        self, entry: StreamEntry, request: Request, module: str, name: str, options: dict[str, Any]
    ) -> None:
        try:
            await request.complete()
            arguments = request.field("args", list)
            begin(entry, await self._completions.call(lambda: submit_task(module, name, arguments, options)), name)
        except BaseException as error:
            entry.fail(error)

    def next(self, request: Request) -> Awaitable[dict[str, Any]]:
        """`stream.next`: the next value, or that there is none. A value that nobody waits for any more is for the next `next`."""
        entry = self._table.stream(request.argument)
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        entry.steps.append(future)
        if entry.pump is None or entry.pump.done():
            entry.pump = self._keep(self._serve(entry))
        return future

    async def _serve(self, entry: StreamEntry) -> None:
        """Fetches as long as somebody waits."""
        await birth(entry)
        while entry.steps:
            if entry.ready is None:
                entry.ready = await self._fetch(entry)
            while entry.steps:
                waiting = entry.steps.popleft()
                if not waiting.done():
                    settle(waiting, entry)
                    break

    async def _fetch(self, entry: StreamEntry) -> Any:
        """What the next `next` gets: an answer, or an error that is to be raised."""
        try:
            if entry.failure is not None:
                raise entry.failure
            if entry.closed:
                return {"done": True}
            ref = await entry.generator.__anext__()
            return {"done": False, "value": await ref}
        except StopAsyncIteration:
            entry.closed = True
            return {"done": True}
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            entry.closed = True
            return error

    def close(self, request: Request) -> Awaitable[None]:
        """`stream.close`: whoever waits gets the end; the generator is cancelled."""
        return self._close(self._table.stream(request.argument))

    async def _close(self, entry: StreamEntry) -> None:
        entry.closed = True
        if not entry.born:
            entry.fail(TaskCancelledError("the generator was closed before it was called"))
        if entry.pump is not None:
            entry.pump.cancel()
        while entry.steps:
            waiting = entry.steps.popleft()
            if not waiting.done():
                waiting.set_result({"done": True})
        generator, entry.generator = entry.generator, None
        entry.failure, entry.ready = None, None
        if generator is not None:
            await self._completions.call(lambda: ray.cancel(generator))

    def _keep(self, work: Any) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def end(self) -> None:
        """The session is over."""
        for task in self._tasks:
            task.cancel()


class StreamStep:
    """The call of an actor's generator, in its turn."""

    __slots__ = ("_actor", "_arguments", "_entry", "_name", "_options")

    def __init__(
        self, entry: StreamEntry, actor: ActorEntry, arguments: RequestArguments, name: str, options: dict[str, Any]
    ) -> None:
        self._entry = entry
        self._actor = actor
        self._arguments = arguments
        self._name = name
        self._options = options

    def attempt(self) -> Any:
        entry, actor, name = self._entry, self._actor, self._name
        if entry.born:
            return ()
        if not actor.born:
            return (actor,)
        try:
            if actor.failure is not None:
                raise actor.failure
            arguments, missing = self._arguments.read()
            if missing:
                return missing
            method = method_of(actor, name)
            begin(entry, (method.options(**self._options) if self._options else method).remote(*arguments), name)
        except Exception as error:
            entry.fail(error)
        return ()


def begin(entry: StreamEntry, generator: Any, name: str) -> None:
    """The generator has been called."""
    if not isinstance(generator, ObjectRefGenerator):
        raise RayError(f"{name} is not a generator: call it, and await its result")
    if entry.born:
        # Closed meanwhile.
        ray.cancel(generator)
        return
    entry.generator = generator
    entry.be_born()


def settle(waiting: asyncio.Future[dict[str, Any]], entry: StreamEntry) -> None:
    """Gives what is ready to who waits. The end, and an error, stay: they are for everybody who comes later too."""
    ready = entry.ready
    if isinstance(ready, BaseException):
        waiting.set_exception(ready)
        # The error is told once, and after it comes the end.
        entry.ready = {"done": True}
    else:
        waiting.set_result(ready)
        if not ready["done"]:
            entry.ready = None
