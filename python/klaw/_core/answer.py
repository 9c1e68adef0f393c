"""A request to the hub that somebody waits for."""

from __future__ import annotations

import asyncio
from typing import Any

from klaw_agent.wire.connection import Connection

from .background import Background
from .pending import LOCK, Deadline, Pending, Waits


class Answer(Pending):
    """Settles with the hub's answer. Whoever leaves tells the hub that nobody waits."""

    __slots__ = ("_background", "_future", "argument", "error", "operation", "value")

    def __init__(self, operation: str, argument: object, background: Background) -> None:
        super().__init__()
        self.operation = operation
        self.argument = argument
        self.value: Any = None
        self.error: BaseException | None = None
        self._background = background
        self._future: asyncio.Future[Any] | None = None

    def asked(self, future: asyncio.Future[Any]) -> None:
        self._future = future

    def fail(self, error: BaseException) -> None:
        self.error = error
        self.settle()

    def leave(self) -> None:
        future = self._future
        if future is not None and not self._background.loop.is_closed():
            self._background.call(future.cancel)

    async def wait(self, waits: Waits, deadline: Deadline) -> Any:
        """The hub's answer. Raises its error, or the session's."""
        await waits.wait(self, deadline)
        if self.error is not None:
            raise self.error
        return self.value


def ask(connection: Connection, answer: Answer) -> None:
    """Asks on the loop's thread, with the lock held."""
    try:
        future = connection.request(answer.operation, answer.argument)
    except Exception as error:
        answer.fail(error)
        return
    answer.asked(future)
    future.add_done_callback(lambda done: _answered(answer, done))


def _answered(answer: Answer, future: asyncio.Future[Any]) -> None:
    if future.cancelled():
        return
    with LOCK:
        error = future.exception()
        if error is not None:
            answer.fail(error)
        else:
            answer.value = future.result()
            answer.settle()
