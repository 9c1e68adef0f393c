"""Objects that the client puts."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from typing import Any

import ray

from ..codec import PLAIN
from ..codec.fast_encode import encode_plain
from ..errors import RayError
from ..wire.frame import ERROR, Frame, write_header
from .completions import Completions
from .entries import Entry, ObjectEntry
from .frames import HAS_FAILED, HAS_VALUE, OF_MESSAGE, PIECE, PUT, STORED
from .hub_desk import HubDesk
from .incoming import Arrived, Incoming
from .kept import MOST_OF_ONE, Kept
from .link import Link
from .promises import Promises
from .refs import TOGETHER, Refs, put_all
from .table import Table
from .values import Values


class Puts:
    """Those of one session."""

    def __init__(
        self,
        link: Link,
        table: Table,
        refs: Refs,
        values: Values,
        completions: Completions,
        hub: HubDesk,
        promises: Promises,
    ) -> None:
        self._link = link
        self._table = table
        self._refs = refs
        self._values = values
        self._completions = completions
        self._hub = hub
        self._promises = promises
        self._incoming = Incoming()
        self._putting: dict[int, ObjectEntry] = {}
        #: Small values for Ray that have come in this turn of the loop.
        self._small: list[tuple[int, ObjectEntry, Callable[[], Any]]] = []
        #: What is given to the hub.
        self._giving: set[asyncio.Task[None]] = set()

    def put(self, frame: Frame) -> None:
        """Takes a piece of a value. Raises `FrameError`."""
        stream = frame.stream
        if self._incoming.is_first(stream):
            entry = self._promises.keep(stream) or self._table.make_object(stream)
            self._putting[stream] = entry
            entry.is_raw = bool(frame.flags & OF_MESSAGE)
        arrived = self._incoming.take(frame)
        if arrived is None:
            return
        entry = self._putting.pop(stream)
        if entry.is_raw:
            self._give(stream, entry, arrived)
        else:
            self._store(stream, entry, arrived, {})

    def land(self, kind: int, _flags: int, stream: int, length: int) -> memoryview | None:
        """Where the body of a large frame that has begun to arrive belongs: a piece of a value in the value's own memory."""
        return self._incoming.land(stream, length) if kind == PUT else None

    def _store(self, stream: int, entry: ObjectEntry, arrived: Arrived, pins: dict[int, Entry]) -> None:
        # It may be stored later, or by a thread, when the frame's memory has been used again.
        data = arrived.data if arrived.is_own else memoryview(bytes(arrived.data))
        try:
            value, missing, pins = self._values.read(data, pins, borrow=True)
            if missing:
                missing[0].when_born(functools.partial(self._store, stream, entry, Arrived(data, True), pins))
                return
        except Exception as error:
            self._stored(stream, entry, None, error)
            return
        # Written as it would be for the client, which also says whether there is anything in it that is not plain.
        payload = encode_plain(value, PLAIN, False) if len(data) <= MOST_OF_ONE else None
        if payload is not None and self._refs.keep(entry, Kept(payload)):
            self._link.write([write_header(STORED, 0, stream, 0)])
            return
        if len(data) > PIECE:
            self._completions.apart(functools.partial(ray.put, value), functools.partial(self._stored, stream, entry))
            return
        self._small.append((stream, entry, lambda: value))
        if len(self._small) == 1:
            asyncio.get_running_loop().call_soon(self._store_small)

    def _store_small(self) -> None:
        """Stores what has come in this turn of the loop: many values by threads, so that the store gets the next while it answers."""
        small, self._small = self._small, []
        if len(small) == 1:
            self._stored_small(small, put_all([small[0][2]]), None)
            return
        for start in range(0, len(small), TOGETHER):
            some = small[start : start + TOGETHER]
            values = [value for _, _, value in some]
            self._completions.apart(functools.partial(put_all, values), functools.partial(self._stored_small, some))

    def _stored_small(
        self,
        small: list[tuple[int, ObjectEntry, Callable[[], Any]]],
        outcomes: list[Any] | None,
        error: BaseException | None,
    ) -> None:
        for index, (stream, entry, _) in enumerate(small):
            outcome = error if outcomes is None else outcomes[index]
            if isinstance(outcome, BaseException):
                self._stored(stream, entry, None, outcome)
            else:
                self._stored(stream, entry, outcome, None)

    def _give(self, stream: int, entry: ObjectEntry, arrived: Arrived) -> None:
        """A message: its bytes become an object that the hub owns."""
        data = arrived.data if arrived.is_own else memoryview(bytes(arrived.data))
        task = asyncio.get_running_loop().create_task(self._give_to_hub(stream, entry, data))
        self._giving.add(task)
        task.add_done_callback(self._giving.discard)

    async def _give_to_hub(self, stream: int, entry: ObjectEntry, data: memoryview) -> None:
        try:
            ref = await self._hub.own(data)
        except asyncio.CancelledError:
            entry.fail(RayError("the session ended while the value was being stored"))
            raise
        except Exception as error:
            self._stored(stream, entry, None, error)
        else:
            self._stored(stream, entry, ref, None)

    def _stored(self, stream: int, entry: ObjectEntry, ref: Any, error: BaseException | None) -> None:
        if error is not None:
            entry.outcome = HAS_FAILED
            entry.fail(error)
            self._link.write(_whole(STORED, ERROR, stream, self._values.write_error(error)))
            return
        entry.outcome = HAS_VALUE
        self._refs.give_birth(entry, ref)
        self._link.write([write_header(STORED, 0, stream, 0)])

    def close(self) -> None:
        for task in list(self._giving):
            task.cancel()
        self._incoming.clear()
        self._putting.clear()


def _whole(kind: int, flags: int, stream: int, parts: list[bytes | memoryview]) -> list[bytes | memoryview]:
    return [write_header(kind, flags, stream, sum(map(len, parts))), *parts]
