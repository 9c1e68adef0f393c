"""Ray's own queues (`ray.util.queue.Queue`), by the methods of their actor."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable
from typing import Any

import ray
import ray.exceptions
from ray.util.queue import Empty, Full, Queue

from ..errors import ActorDiedError, RayError, SerializationError
from .actors import Actors, creation_failure
from .completions import Completions
from .entries import ActorEntry
from .queue_desk import QueueDesk
from .ray_errors import cause_of, plain
from .serving import Request, birth
from .table import Table

#: In the texts of Ray's `Full` and `Empty`.
_SIZE = re.compile(r"queue of size (\d+)")


class Queues:
    """The queues of one session."""

    def __init__(self, table: Table, actors: Actors, completions: Completions) -> None:
        self._table = table
        self._actors = actors
        self._completions = completions
        #: Some of them of queues that the client has given up, as long as items may still come.
        self._desks: set[QueueDesk] = set()

    def create(self, request: Request) -> Awaitable[dict[str, Any]]:
        """`queue.create`: has the number of its actor at once."""
        maxsize = request.field("maxsize", int)
        options = self._actors.options(request.field("options", dict))
        return self._create(self._table.make_actor(request.field("number", int)), maxsize, options)

    async def _create(self, entry: ActorEntry, maxsize: int, options: dict[str, Any]) -> dict[str, Any]:
        try:
            async with self._actors.turn(options):
                entry.queue = await self._completions.call(lambda: Queue(maxsize, actor_options=options))
            self._actors.keep(entry.queue.actor, options)
            made = self._actors.give_birth(entry, entry.queue.actor)
            if options.get("get_if_exists"):
                # It may have been there, with another size.
                entry.queue = None
                entry.queue = await self._actors.queue_of(entry)
            return {"id": made["id"], "maxsize": entry.queue.maxsize}
        except BaseException as error:
            failure: BaseException = RayError("the session ended")
            if isinstance(error, Exception):
                failure = creation_failure(error, "the queue")
            entry.fail(failure)
            if failure is error:
                raise
            raise failure from error

    def put(self, request: Request) -> Awaitable[bool]:
        """`queue.put`."""
        return self._put(self._queue(request), request, seconds(request))

    async def _put(self, entry: ActorEntry, request: Request, timeout: float | None) -> bool:
        if request.missing:
            await request.complete()
        items = request.field("item", list)
        if len(items) != 1:
            raise SerializationError("queue.put: an item comes in an array of one")
        return await (await self._desk(entry)).put(items[0], timeout)

    def get(self, request: Request) -> Awaitable[list[Any] | None]:
        """`queue.get`."""
        return self._get(self._queue(request), seconds(request))

    async def _get(self, entry: ActorEntry, timeout: float | None) -> list[Any] | None:
        return await (await self._desk(entry)).get(timeout)

    def put_all(self, request: Request) -> Awaitable[dict[str, int] | None]:
        """`queue.putAll`: all or nothing."""
        return self._put_all(self._queue(request), request)

    async def _put_all(self, entry: ActorEntry, request: Request) -> dict[str, int] | None:
        await request.complete()
        items = request.field("items", list)
        desk = await self._desk(entry)
        try:
            await desk.ask(desk.actor.put_nowait_batch.remote(items))
        except ray.exceptions.RayError as error:
            return await self._refusal(entry, desk, error, Full)
        return None

    def get_many(self, request: Request) -> Awaitable[dict[str, Any]]:
        """`queue.getMany`: so many, or none."""
        return self._get_many(self._queue(request), request.field("count", int))

    async def _get_many(self, entry: ActorEntry, count: int) -> dict[str, Any]:
        desk = await self._desk(entry)
        desk.actor  # noqa: B018 - raises when the queue has been shut down
        kept = [desk.kept.popleft() for _ in range(min(count, len(desk.kept)))]
        if len(kept) == count:
            return {"items": kept}
        call = asyncio.ensure_future(desk.ask(desk.actor.get_nowait_batch.remote(count - len(kept))))
        try:
            # Whoever is no longer waited for has its items kept.
            return {"items": [*kept, *await asyncio.shield(call)]}
        except asyncio.CancelledError:
            call.add_done_callback(lambda done: desk.kept.extend([*kept, *_items_of(done)]))
            raise
        except ray.exceptions.RayError as error:
            desk.kept.extendleft(reversed(kept))
            return await self._refusal(entry, desk, error, Empty)

    async def _refusal(
        self, entry: ActorEntry, desk: QueueDesk, error: BaseException, kind: type[BaseException]
    ) -> dict[str, int]:
        cause = cause_of(error, kind)
        if cause is None:
            raise error
        said = _SIZE.search(plain(cause))
        size = int(said[1]) if said else int(await desk.ask(desk.actor.qsize.remote()))
        return {"size": size + len(desk.kept), "maxsize": entry.queue.maxsize}

    def size(self, request: Request) -> Awaitable[int]:
        """`queue.size`: with the items that are kept for this session's next gets."""
        return self._size(self._table.actor(request.argument))

    async def _size(self, entry: ActorEntry) -> int:
        desk = await self._desk(entry)
        return int(await desk.ask(desk.actor.qsize.remote())) + len(desk.kept)

    def full(self, request: Request) -> Awaitable[bool]:
        """`queue.full`."""
        return self._full(self._table.actor(request.argument))

    async def _full(self, entry: ActorEntry) -> bool:
        desk = await self._desk(entry)
        return bool(await desk.ask(desk.actor.full.remote()))

    def shutdown(self, request: Request) -> Awaitable[None]:
        """`queue.shutdown`: everything fails afterwards, what was blocked too. Idempotent."""
        grace = request.argument.get("grace")
        seconds_left = 5.0 if grace is None else grace / 1000
        return self._shutdown(self._queue(request), request.field("force", bool), seconds_left)

    async def _shutdown(self, entry: ActorEntry, force: bool, grace: float) -> None:
        try:
            desk = await self._desk(entry)
        except (RayError, ray.exceptions.RayActorError):
            return
        try:
            actor = desk.actor
        except ActorDiedError:
            return
        if not force:
            await desk.finish_puts(grace)
        desk.shut_down()
        if not force:
            done = actor.__ray_terminate__.remote()
            await self._completions.call(lambda: ray.wait([done], timeout=grace))
        # Also after a graceful end: Ray leaves a get that was blocked by somebody else waiting for ever otherwise.
        await self._completions.call(lambda: ray.kill(actor, no_restart=True))

    def _queue(self, request: Request) -> ActorEntry:
        return self._table.actor(request.field("queue", int))

    async def _desk(self, entry: ActorEntry) -> QueueDesk:
        await birth(entry)
        if entry.failure is not None:
            raise entry.failure
        # Not `entry.queue or …`: to find out whether it is true Ray's queue asks for its length, and blocks.
        queue = entry.queue if entry.queue is not None else await self._actors.queue_of(entry)
        if queue is None:
            raise RayError("the actor is no queue")
        if entry.desk is None:
            entry.desk = QueueDesk(queue, self._completions, self._desks.discard)
            self._desks.add(entry.desk)
        desk: QueueDesk = entry.desk
        return desk

    async def give_back(self) -> None:
        """The session is over: items that came for nobody go back into their queues."""
        await asyncio.gather(*(desk.give_back() for desk in list(self._desks)))


def seconds(request: Request) -> float | None:
    """The timeout of a request, in seconds; None: no limit."""
    timeout = request.argument.get("timeout")
    if timeout is None:
        return None
    if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not timeout >= 0:
        raise SerializationError(f"{request.operation}: 'timeout' must be a non-negative number, not {timeout!r}")
    return timeout / 1000


def _items_of(done: asyncio.Future[Any]) -> list[Any]:
    return list(done.result()) if not done.cancelled() and done.exception() is None else []
