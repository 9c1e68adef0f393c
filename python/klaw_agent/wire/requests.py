"""Requests of a peer that are being answered."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable

from ..errors import KlawError

logger = logging.getLogger("klaw_agent")


class Served:
    """The operations that are under way, by the number of their request. Each is answered once, or aborted."""

    def __init__(self, answer: Callable[[int, object], None], refuse: Callable[[int, BaseException], None]) -> None:
        self._answer = answer
        self._refuse = refuse
        self._open: dict[int, asyncio.Future[object]] = {}
        #: Events have no number, but nobody else keeps their tasks.
        self._events: set[asyncio.Future[object]] = set()

    def settle(self, number: int | None, outcome: object | Awaitable[object]) -> None:
        """Answers with what an operation has returned, now or when it is there."""
        if not inspect.isawaitable(outcome):
            if number is not None:
                self._answer(number, outcome)
            return
        future = asyncio.ensure_future(outcome)
        if number is None:
            self._events.add(future)
            future.add_done_callback(self._event_done)
        else:
            self._open[number] = future
            future.add_done_callback(lambda done: self._done(number, done))

    def abort(self, number: int) -> None:
        """The requester no longer waits."""
        future = self._open.get(number)
        if future is not None:
            future.cancel("the requester no longer waits")

    def abort_all(self) -> None:
        """The connection is lost: nobody waits any more."""
        for future in [*self._open.values(), *self._events]:
            future.cancel("the connection was lost")

    def _done(self, number: int, future: asyncio.Future[object]) -> None:
        if self._open.get(number) is future:
            del self._open[number]
        if future.cancelled():
            # The requester has gone, or the operation was cancelled by someone else: an answer does no harm.
            self._refuse(number, KlawError("the operation was cancelled"))
            return
        error = future.exception()
        if error is None:
            self._answer(number, future.result())
        else:
            self._refuse(number, error)

    def _event_done(self, future: asyncio.Future[object]) -> None:
        self._events.discard(future)
        error = None if future.cancelled() else future.exception()
        if error is not None:
            logger.error("an event could not be handled", exc_info=error)


def failure_to_send(error: BaseException, failure: BaseException) -> KlawError:
    """What is sent for an error that cannot be sent itself."""
    return KlawError(f"{type(error).__name__}: {error} (it could not be sent whole: {failure})")
