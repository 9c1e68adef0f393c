"""Actors and tasks in TypeScript: their code, creation, and where they are."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable
from typing import Any

import ray
import ray.exceptions

from ..errors import RayError, SerializationError
from ..host.node_binary import find_node
from ..host.parcels import has_parcel, store_parcel
from ..host.shipping import create_shim, submit_function
from .actors import Actors, creation_failure
from .calls import Calls
from .completions import Completions
from .death import explain
from .describe import is_typescript
from .entries import ActorEntry, ObjectEntry
from .late_code import LateCode
from .serving import Request, birth
from .table import Table


class TypeScript:
    """Those of one session."""

    def __init__(self, table: Table, completions: Completions, actors: Actors, calls: Calls, namespace: str) -> None:
        self._table = table
        self._completions = completions
        self._actors = actors
        self._calls = calls
        self._namespace = namespace
        self._late = LateCode()
        #: `typescript.code`
        self.code = self._late.bring
        self._submitting: set[asyncio.Task[None]] = set()
        #: By the actor's id: everybody who asks at the same time gets the same answer, so that an actor with a limit of pending calls is asked once.
        self._locating: dict[bytes, asyncio.Task[dict[str, Any]]] = {}

    def has_parcel(self, request: Request) -> Awaitable[bool]:
        """`parcel.has`"""
        identity = request.argument
        if not isinstance(identity, str):
            raise SerializationError("parcel.has: a hash is expected")
        return self._completions.call(lambda: has_parcel(identity))

    def store_parcel(self, request: Request) -> Awaitable[None]:
        """`parcel.store`: code for the cluster, under its hash."""
        identity, files = request.field("hash", str), request.field("files", dict)
        for path, content in files.items():
            if not isinstance(path, str) or not isinstance(content, bytes | bytearray | memoryview):
                raise SerializationError("parcel.store: 'files' are bytes by path", path="files")
        whole = {path: bytes(content) for path, content in files.items()}
        return self._completions.call(lambda: store_parcel(identity, whole))

    async def node(self, request: Request) -> dict[str, str]:
        """`typescript.node`: the Node.js of this machine. Raises where it was looked for."""
        return (await self._completions.call(find_node))._asdict()

    def create(self, request: Request) -> Awaitable[dict[str, Any]]:
        """`typescript.create`: has its number at once; what is asked of it meanwhile waits for it."""
        config = self._config(request)
        config["maxConcurrency"] = _limit(request, "maxConcurrency")
        config["maxTaskRetries"] = request.field("maxTaskRetries", int)
        config["maxPendingCalls"] = request.field("maxPendingCalls", int)
        options = self._actors.options(request.field("options", dict))
        entry = self._table.make_actor(request.field("number", int))
        return self._create(entry, request, self._code(request), config, options)

    async def _create(
        self,
        entry: ActorEntry,
        request: Request,
        code: Awaitable[dict[str, Any]],
        config: dict[str, Any],
        options: dict[str, Any],
    ) -> dict[str, Any]:
        try:
            async with self._actors.turn(options):
                config["code"] = await code
                await request.complete()
                handles, resolved = request.field("handles", list), request.field("resolved", list)
                handle = await self._completions.call(lambda: create_shim(config, handles, resolved, options))
            self._actors.keep(handle, options)
            return self._actors.give_birth(entry, handle)
        except asyncio.CancelledError:
            entry.fail(RayError("the session ended while the actor was being created"))
            raise
        except BaseException as error:
            failure = creation_failure(error, f"the actor {config.get('code', {}).get('name', 'of unknown code')}")
            entry.fail(failure)
            if failure is error:
                raise
            raise failure from error

    def submit(self, request: Request) -> None:
        """`typescript.submit`: answered at once; whatever is wrong is what the object fails with."""
        config = self._config(request)
        options = request.field("options", dict)
        entry = self._table.make_object(request.field("number", int))
        work = self._submit(entry, request, self._code(request), config, options)
        task = asyncio.get_running_loop().create_task(work)
        self._submitting.add(task)
        task.add_done_callback(self._submitting.discard)

    async def _submit(
        self,
        entry: ObjectEntry,
        request: Request,
        code: Awaitable[dict[str, Any]],
        config: dict[str, Any],
        options: dict[str, Any],
    ) -> None:
        try:
            config["code"] = await code
            await request.complete()
            handles, resolved = request.field("handles", list), request.field("resolved", list)
            ref = await self._completions.call(lambda: submit_function(config, handles, resolved, options))
            self._calls.born_apart(entry, ref)
        except asyncio.CancelledError:
            entry.fail(RayError("the session ended before the task was submitted"))
            raise
        except BaseException as error:
            entry.fail(error)

    def locate(self, request: Request) -> Awaitable[dict[str, Any]]:
        """`typescript.locate`: where the actor's Node process listens, once it is alive. Raises what it has died of."""
        return self._locate(self._table.actor(request.argument))

    def ready(self, request: Request) -> Awaitable[None]:
        """`actor.ready`, for actors in all languages: answered when the constructor has run. Raises what it died of."""
        return self._ready(self._table.actor(request.argument))

    async def _ready(self, entry: ActorEntry) -> None:
        await birth(entry)
        if entry.failure is None and is_typescript(entry.handle):
            # Not by a question of its own, which would count among its pending calls.
            await self._locate(entry)
        else:
            await self._actors.ready(entry)

    async def _locate(self, entry: ActorEntry) -> dict[str, Any]:
        await birth(entry)
        if entry.failure is not None:
            raise entry.failure
        handle = entry.handle
        if not is_typescript(handle):
            raise RayError(f"{(entry.description or {}).get('name')} is no actor in TypeScript")
        identity = handle._actor_id.binary()
        task = self._locating.get(identity)
        if task is None:
            task = self._locating[identity] = asyncio.get_running_loop().create_task(self._ask_where(handle))
            task.add_done_callback(lambda _done: self._locating.pop(identity, None))
        return await asyncio.shield(task)

    async def _ask_where(self, handle: Any) -> dict[str, Any]:
        try:
            said: dict[str, Any] = await handle.__klaw_locate__.remote()
            return said
        except ray.exceptions.RayActorError as error:
            explained = functools.partial(explain, handle._actor_id.hex(), error)
            raise await self._completions.call(explained) from error

    def _config(self, request: Request) -> dict[str, Any]:
        args = request.field("args", list)
        if not all(one is None or isinstance(one, bytes | bytearray | memoryview) for one in args):
            raise SerializationError(f"{request.operation}: 'args' are bytes or null", path="args")
        request.field("handles", list)
        request.field("resolved", list)
        packed = [None if one is None else bytes(one) for one in args]
        return {"args": packed, "namespace": self._namespace}

    def _code(self, request: Request) -> asyncio.Future[dict[str, Any]]:
        """The code that is asked for, which may be yet to come."""
        code = request.argument.get("code")
        if code is None:
            return self._late.expect(request.field("number", int))
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        future.set_result(request.field("code", dict))
        return future

    def close(self) -> None:
        for task in [*self._submitting, *self._locating.values()]:
            task.cancel()


def _limit(request: Request, name: str) -> int | None:
    return None if request.argument.get(name) is None else int(request.field(name, int))
