"""Actors: create, find, list, kill, and whether they are ready."""

from __future__ import annotations

import asyncio
import contextlib
import operator
from collections.abc import AsyncIterator, Awaitable
from typing import Any

import ray
import ray.exceptions
import ray.util
from ray.util.queue import Queue

from ..errors import ActorAlreadyExistsError, ActorNotFoundError, KlawError, RayError
from .completions import Completions
from .describe import describe_handle
from .entries import ActorEntry
from .load import load_actor_class
from .ray_errors import plain, wrap
from .serving import Request, birth
from .table import Table
from .values import Values

_QUEUE_CLASS = ("ray.util.queue", "_QueueActor")


class Actors:
    """The actors of one session."""

    def __init__(self, table: Table, values: Values, completions: Completions, namespace: str) -> None:
        self._table = table
        self._values = values
        self._completions = completions
        self._namespace = namespace
        #: Creations under one name, and how many of them there are: they happen in the order in which they were asked for.
        self._turns: dict[tuple[str, str], tuple[asyncio.Lock, int]] = {}
        #: By id, those that have a name and are not detached: they live as long as the session, and Ray ends them with their last handle.
        self._named: dict[bytes, Any] = {}

    def create(self, request: Request) -> Awaitable[dict[str, Any]]:
        """`actor.create`: has its number at once; what is asked of it meanwhile waits for it."""
        module, name = request.field("module", str), request.field("name", str)
        options = self.options(request.field("options", dict))
        request.field("args", list)
        return self._create(self._table.make_actor(request.field("number", int)), request, module, name, options)

    async def _create(
        self, entry: ActorEntry, request: Request, module: str, name: str, options: dict[str, Any]
    ) -> dict[str, Any]:
        try:
            async with self.turn(options):
                await request.complete()
                arguments = request.field("args", list)
                handle = await self._completions.call(lambda: create_actor(module, name, arguments, options))
            self.keep(handle, options)
            return self.give_birth(entry, handle)
        except asyncio.CancelledError:
            entry.fail(RayError("the session ended while the actor was being created"))
            raise
        except BaseException as error:
            entry.fail(error)
            raise

    def keep(self, handle: Any, options: dict[str, Any]) -> None:
        """An actor was made: with a name it does not end with the client's handles."""
        if options.get("name") is not None and options.get("lifetime") is None:
            self._named[handle._actor_id.binary()] = handle

    def let_go(self) -> None:
        """The session is over: named actors that are not detached end."""
        self._named.clear()

    @contextlib.asynccontextmanager
    async def turn(self, options: dict[str, Any]) -> AsyncIterator[None]:
        """Waits until the creations under the same name that were asked for earlier are over."""
        name = options.get("name")
        if name is None:
            yield
            return
        key = (str(options.get("namespace")), str(name))
        lock, count = self._turns.get(key, (asyncio.Lock(), 0))
        self._turns[key] = (lock, count + 1)
        try:
            async with lock:
                yield
        finally:
            lock, count = self._turns.pop(key)
            if count > 1:
                self._turns[key] = (lock, count - 1)

    def options(self, options: dict[str, Any]) -> dict[str, Any]:
        """Options by Ray's names. The namespace of a name is the session's unless it says another."""
        named = options.get("name") is not None and options.get("namespace") is None
        return {**options, "namespace": self._namespace} if named else options

    def give_birth(self, entry: ActorEntry, handle: Any) -> dict[str, Any]:
        """The actor is there; returns `{ id, description }`."""
        entry.handle = handle
        entry.description = describe_handle(handle)
        self._table.identify(entry, handle._actor_id.binary())
        entry.be_born()
        return {"id": handle._actor_id.hex(), "description": entry.description}

    async def ready(self, entry: ActorEntry) -> None:
        """Waits until the actor's constructor has run. Raises what it died of."""
        await birth(entry)
        if entry.failure is not None:
            raise entry.failure
        await entry.handle.__ray_ready__.remote()

    async def find(self, request: Request) -> dict[str, Any]:
        """`actor.find`: an actor by its name. Raises `ActorNotFoundError`."""
        name = request.field("name", str)
        namespace = request.argument.get("namespace") or self._namespace
        handle = await self._completions.call(lambda: find_actor(name, namespace))
        entry = self._values.show_actor(handle)
        entry.count += 1
        found = {"number": entry.number, "id": handle._actor_id.hex(), "description": entry.description}
        try:
            queue = await self.queue_of(entry)
        except BaseException:
            self._table.uncount(entry, 1)
            raise
        return found if queue is None else {**found, "maxsize": queue.maxsize}

    async def queue_of(self, entry: ActorEntry) -> Any:
        """The queue whose actor it is; None for any other actor."""
        description = entry.description or {}
        if entry.queue is None and (description.get("module"), description.get("name")) == _QUEUE_CLASS:
            handle = entry.handle
            # A function of the standard library, since the queue's worker does not have ours.
            maxsize = await handle.__ray_call__.remote(operator.attrgetter("maxsize"))
            entry.queue = make_queue(handle, maxsize)
        return entry.queue

    async def list(self, request: Request) -> list[dict[str, str]]:
        """`actor.list`: names of living actors."""
        everywhere = request.field("allNamespaces", bool)
        namespace = request.argument.get("namespace") or self._namespace
        found = await self._completions.call(lambda: ray.util.list_named_actors(all_namespaces=True))
        return [
            {"name": one["name"], "namespace": one["namespace"]}
            for one in found
            if everywhere or one["namespace"] == namespace
        ]

    def kill(self, request: Request) -> Awaitable[None]:
        """`actor.kill`: what runs, is queued or comes later fails."""
        no_restart = request.field("noRestart", bool)
        return self._kill(self._table.actor(request.field("number", int)), no_restart)

    async def _kill(self, entry: ActorEntry, no_restart: bool) -> None:
        await birth(entry)
        if entry.failure is None:
            if no_restart:
                self._named.pop(entry.handle._actor_id.binary(), None)
            await self._completions.call(lambda: ray.kill(entry.handle, no_restart=no_restart))


def create_actor(module: str, name: str, arguments: list[Any], options: dict[str, Any]) -> Any:
    """Creates an actor; returns its handle as soon as Ray knows it. Blocks."""
    kind = load_actor_class(module, name)
    try:
        return kind.options(**options).remote(*arguments)
    except (ray.exceptions.RayError, ValueError, TypeError) as error:
        failure = creation_failure(error, f"the actor {module}.{name}")
        if failure is error:
            raise
        raise failure from error


def creation_failure(error: BaseException, what: str) -> BaseException:
    """Why an actor, or a queue, could not be created: what Ray or klaw says as it is, but for a name that is taken, and anything else with a word of
    explanation."""
    taken = getattr(ray.exceptions, "ActorAlreadyExistsError", ())
    if isinstance(error, taken) or "already taken" in plain(error) or "already exists" in plain(error):
        return ActorAlreadyExistsError(plain(error), cause=error)
    if isinstance(error, ray.exceptions.RayError | KlawError):
        return error
    return wrap(error, f"{what} could not be created")


def find_actor(name: str, namespace: str) -> Any:
    """Blocks. Raises `ActorNotFoundError`."""
    try:
        return ray.get_actor(name, namespace=namespace)
    except ValueError as error:
        message = f"Failed to look up actor with name '{name}' in namespace '{namespace}': {plain(error)}"
        raise ActorNotFoundError(message, cause=error) from error


def make_queue(handle: Any, maxsize: int) -> Queue:
    """A queue of Ray's around an actor that is there already."""
    queue = Queue.__new__(Queue)
    queue.maxsize = maxsize
    queue.actor = handle
    return queue
