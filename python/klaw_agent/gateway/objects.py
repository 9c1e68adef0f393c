"""Objects: get, watch, release, cancel, free."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import ray
import ray.exceptions
from ray._private import internal_api
from ray.experimental import get_local_object_locations, get_object_locations

from ..errors import ObjectFreedError, RayError
from ..wire.frame import ATTEMPT, ERROR, Frame
from ..wire.items import Token
from .calls import cancelled_before_start
from .completions import Completions
from .entries import ObjectEntry
from .fetches import Fetches
from .frames import HAS_FAILED, HAS_VALUE, OF_MESSAGE, PENDING, VALUE, read_release, write_settled
from .hub_desk import HubDesk
from .kept import Kept
from .link import Link
from .outgoing import Outgoing
from .serving import Request, birth
from .table import Table
from .values import Values
from .watches import Watches, settled_of

#: Seconds that the owner of a borrowed object may take to say where it lies.
_OWNERS_TIME = 10

#: Is told what became of an object.
Tell = Callable[[ObjectEntry, int], None]


class Objects:
    """The objects of one session."""

    def __init__(
        self,
        link: Link,
        table: Table,
        values: Values,
        outgoing: Outgoing,
        completions: Completions,
        fetches: Fetches,
        watches: Watches,
        hub: HubDesk,
    ) -> None:
        self._link = link
        self._table = table
        self._values = values
        self._outgoing = outgoing
        self._completions = completions
        self._fetches = fetches
        self._watches = watches
        self._hub = hub
        #: What is asked of the hub.
        self._tasks: set[asyncio.Task[None]] = set()
        #: Objects of which the client wants to know right now whether they have settled.
        self._asked: list[tuple[int, ObjectEntry]] = []

    # Get.

    def get(self, frame: Frame) -> None:
        """The client wants a value as soon as it is there, or no longer."""
        try:
            entry = self._table.object(frame.stream)
        except RayError as error:
            if not frame.flags & ERROR:
                self._outgoing.send(VALUE, ERROR, frame.stream, self._values.write_error(error))
            return
        if frame.flags & ERROR:
            entry.wanted = max(entry.wanted - 1, 0)
            return
        entry.wanted += 1
        if entry.wanted == 1:
            self._fetch(entry)

    def _fetch(self, entry: ObjectEntry) -> None:
        if not entry.born:
            entry.when_born(functools.partial(self._fetch, entry))
        elif entry.failure is not None:
            self._fetched(entry, entry.failure)
        elif entry.kept is not None:
            self._answer_kept(entry, entry.kept)
        else:
            self._fetches.fetch(entry.ref, functools.partial(self._fetched, entry))

    def _answer_kept(self, entry: ObjectEntry, kept: Kept) -> None:
        while entry.wanted > 0:
            entry.wanted -= 1
            self._outgoing.send(VALUE, 0, entry.number, [kept.payload])

    def _fetched(self, entry: ObjectEntry, result: Any) -> None:
        failed = entry.failure is not None or isinstance(result, ray.exceptions.RayError)
        entry.outcome = HAS_FAILED if failed else HAS_VALUE
        while entry.wanted > 0:
            entry.wanted -= 1
            if failed:
                parts = self._values.write_error(entry.failure or result)
            elif entry.is_raw and isinstance(result, bytes | memoryview):
                self._outgoing.send(VALUE, OF_MESSAGE, entry.number, [result])
                continue
            else:
                try:
                    parts = self._values.write(result)
                except Exception as error:
                    self._outgoing.send(VALUE, ERROR, entry.number, self._values.write_error(error))
                    continue
            self._outgoing.send(VALUE, ERROR if failed else 0, entry.number, parts)

    # Watch.

    def watch(self, frame: Frame) -> None:
        """The client wants to know when an object has settled, or whether it has, or no longer."""
        stream = frame.stream
        try:
            entry = self._table.object(stream)
        except RayError:
            if not frame.flags & ERROR:
                self._link.write([write_settled(stream, HAS_FAILED)])
            return
        if frame.flags & ERROR:
            if entry.watch is not None:
                entry.watch()
                entry.watch = None
        elif entry.outcome != PENDING:
            self._link.write([write_settled(stream, entry.outcome)])
        elif frame.flags & ATTEMPT:
            self._ask(stream, entry)
        elif entry.watch is None:
            self._begin_watch(entry)

    def _begin_watch(self, entry: ObjectEntry) -> None:
        if not entry.born:
            waiting = [True]
            entry.watch = waiting.clear
            entry.when_born(lambda: self._begin_watch(entry) if waiting else None)
        elif entry.failure is not None:
            self._tell(entry, HAS_FAILED)
        elif entry.outcome != PENDING:
            # It was put, or freed, meanwhile.
            self._tell(entry, entry.outcome)
        else:
            entry.watch = self._watches.watch(entry.ref, functools.partial(self._judge, entry, self._tell))

    def _tell(self, entry: ObjectEntry, outcome: int) -> None:
        entry.outcome = outcome
        if entry.watch is not None or entry.failure is not None:
            entry.watch = None
            self._link.write([write_settled(entry.number, outcome)])

    def _ask(self, stream: int, entry: ObjectEntry) -> None:
        if not entry.born:
            if entry.borrowed is None:
                self._link.write([write_settled(stream, PENDING)])
            else:
                self._ask_hub(stream, entry, entry.borrowed)
            return
        if entry.failure is not None:
            self._link.write([write_settled(stream, HAS_FAILED)])
            return
        self._asked.append((stream, entry))
        if len(self._asked) == 1:
            # All that are asked about in this turn of the loop are looked at together.
            asyncio.get_running_loop().call_soon(self._look)

    def _ask_hub(self, stream: int, entry: ObjectEntry, token: Token) -> None:
        """Of what is being borrowed: it may be there in a moment."""

        async def ask() -> None:
            try:
                is_there = await self._hub.is_there(token)
            except Exception:
                # The borrowing fails too, and says why.
                is_there = True
            if is_there:
                entry.when_born(lambda: self._ask(stream, entry))
            else:
                self._link.write([write_settled(stream, PENDING)])

        self._begin(ask())

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _look(self) -> None:
        asked, self._asked = self._asked, []
        refs = list({entry.ref for _, entry in asked if entry.ref is not None})

        def looked(settled: list[Any] | None, error: BaseException | None) -> None:
            there = set(settled or ())
            for stream, entry in asked:
                if entry.outcome != PENDING:
                    self._answer(stream, entry, entry.outcome)
                elif entry.ref in there:
                    self._judge(entry, functools.partial(self._answer, stream))
                else:
                    self._link.write([write_settled(stream, PENDING)])

        self._completions.apart(lambda: settled_of(refs, 0), looked)

    def _answer(self, stream: int, entry: ObjectEntry, outcome: int) -> None:
        entry.outcome = outcome
        self._link.write([write_settled(stream, outcome)])

    def _judge(self, entry: ObjectEntry, tell: Tell) -> None:
        """Finds out whether what has settled is a value. Failures are small and lie with their owner; what lies in a store is a value, and
        stays there."""
        if entry.outcome != PENDING:
            # Freed, or fetched, meanwhile.
            tell(entry, entry.outcome)
            return
        ref = entry.ref
        where = get_local_object_locations([ref]).get(ref) or {}
        if where.get("node_ids") or where.get("did_spill"):
            tell(entry, HAS_VALUE)
        elif where.get("object_size") is not None:
            self._look_inside(entry, tell)
        else:
            # Somebody else owns it: the owner is asked before a large value would move here.
            def located(found: Any, error: BaseException | None) -> None:
                if error is None and found.get(ref, {}).get("node_ids"):
                    tell(entry, HAS_VALUE)
                else:
                    self._look_inside(entry, tell)

            self._completions.apart(lambda: get_object_locations([ref], _OWNERS_TIME * 1000), located)

    def _look_inside(self, entry: ObjectEntry, tell: Tell) -> None:
        if entry.ref is None:
            tell(entry, HAS_FAILED)
            return

        def completed(result: Any) -> None:
            failed = isinstance(result, ray.exceptions.RayError)
            self._completions.post(tell, entry, HAS_FAILED if failed else HAS_VALUE)

        entry.ref._on_completed(completed)

    # Give up.

    def release(self, frame: Frame) -> None:
        """Raises `FrameError`."""
        for number, counts in read_release(frame):
            self._table.release(number, counts)

    def cancel(self, request: Request) -> Awaitable[None] | None:
        """`object.cancel`: a call that has not been submitted never is; Ray cancels the others."""
        force, recursive = request.field("force", bool), request.field("recursive", bool)
        entry = self._table.object(request.field("number", int))
        if not entry.born:
            if entry.borrowed is not None:
                return self._hub.cancel(entry.borrowed)
            if entry.line is not None:
                entry.line.cancel(entry, force, cancelled_before_start())
                return None
            entry.fail(cancelled_before_start())
            return None
        ref = entry.ref
        if ref is None:
            return None
        return self._completions.call(lambda: ray.cancel(ref, force=force, recursive=recursive))

    def free(self, request: Request) -> Awaitable[None]:
        """`object.free`: whoever asks for them is told so. The values go, wherever they lie; on newer versions of Ray, which do not
        offer that any more, with the last ref that somebody else may hold."""
        return self._free([self._table.object(number) for number in request.argument])

    async def _free(self, entries: list[ObjectEntry]) -> None:
        for entry in entries:
            await birth(entry)
        refs = [entry.ref for entry in entries if entry.ref is not None and entry.failure is None]
        for entry in entries:
            if entry.failure is None:
                self._forget(entry)
        free = getattr(internal_api, "free", None)
        if refs and free is not None:
            await self._completions.call(lambda: free(refs))

    def _forget(self, entry: ObjectEntry) -> None:
        # Ray would let who gets it from now on wait for ever, if it was small.
        if entry.ref is None:
            entry.failure = ObjectFreedError("the object was freed")
            entry.keep_no_more()
        else:
            identity = entry.ref.hex()
            entry.failure = ObjectFreedError(f"object {identity} was freed", object_id=identity)
            entry.ref = None
        self._fetched(entry, entry.failure)
        if entry.watch is not None:
            entry.watch()
            self._tell(entry, HAS_FAILED)

    def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
