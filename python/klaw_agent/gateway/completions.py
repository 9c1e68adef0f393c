"""Brings what Ray says on its own threads to the event loop: one wake-up for all that has come meanwhile."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

_log = logging.getLogger(__name__)
_Result = TypeVar("_Result")


class Completions:
    """A mailbox from any thread to the loop, and a pool for what would block the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, threads: int = 8) -> None:
        self._loop = loop
        self._letters: deque[tuple[Callable[..., None], tuple[Any, ...]]] = deque()
        self._woken = False
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="klaw-gateway")

    def post(self, callback: Callable[..., None], *arguments: object) -> None:
        """Has the loop call back soon. From any thread."""
        self._letters.append((callback, arguments))
        if not self._woken:
            self._woken = True
            try:
                self._loop.call_soon_threadsafe(self._deliver)
            except RuntimeError:
                # The loop has ended, and with it everybody who could want to know.
                self._letters.clear()

    def _deliver(self) -> None:
        # First, so that a letter that comes from now on wakes the loop once more.
        self._woken = False
        letters = self._letters
        for _ in range(len(letters)):
            callback, arguments = letters.popleft()
            try:
                callback(*arguments)
            except Exception:
                # One that fails must not take along those behind it.
                _log.exception("a completion could not be handled")
        if letters and not self._woken:
            self._woken = True
            self._loop.call_soon(self._deliver)

    def apart(self, work: Callable[[], _Result], then: Callable[[_Result | None, BaseException | None], None]) -> None:
        """Works in a thread, then calls back on the loop with the result or what was raised."""

        def run() -> None:
            try:
                result = work()
            except BaseException as error:
                self.post(then, None, error)
            else:
                self.post(then, result, None)

        try:
            self._pool.submit(run)
        except RuntimeError as closed:
            self.post(then, None, closed)

    async def call(self, work: Callable[[], _Result]) -> _Result:
        """Works in a thread, and waits for it."""
        return await self._loop.run_in_executor(self._pool, work)

    def close(self) -> None:
        """Takes no more work; what runs, runs on."""
        self._pool.shutdown(wait=False)
