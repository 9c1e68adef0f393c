"""Code of actors and tasks in TypeScript that comes after the request for it."""

from __future__ import annotations

import asyncio
from typing import Any

from ..errors import KlawError
from .serving import Request


class LateCode:
    """What `typescript.code` brings, by the number of the actor or object that waits for it. Lives on the event loop."""

    def __init__(self) -> None:
        self._expected: dict[int, asyncio.Future[dict[str, Any]]] = {}

    def expect(self, number: int) -> asyncio.Future[dict[str, Any]]:
        """The code for that number, when it comes. Fails with what the client says is wrong with it."""
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._expected[number] = future
        future.add_done_callback(lambda _done: self._expected.pop(number, None))
        return future

    def bring(self, request: Request) -> None:
        """`typescript.code`. Nobody may wait for it any more."""
        future = self._expected.get(request.field("number", int))
        if future is None or future.done():
            return
        error = request.argument.get("error")
        if error is None:
            future.set_result(request.field("code", dict))
        else:
            future.set_exception(error if isinstance(error, Exception) else KlawError(str(error)))
