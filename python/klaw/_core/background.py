"""The thread that does this process's input and output, beside whatever the program does."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, Final, TypeVar

from klaw_agent.errors import RuntimeClosedError

T = TypeVar("T")

#: Seconds that the thread has for its end.
_JOIN_TIME: Final = 5.0


class Background:
    """An event loop on a daemon thread of its own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="klaw", daemon=True)
        self._thread.start()

    @property
    def is_current(self) -> bool:
        """Whether this is that thread."""
        return threading.get_ident() == self._thread.ident

    def call(self, function: Callable[..., object], *arguments: Any) -> None:
        """Calls the function on the loop soon, from any thread. Raises `RuntimeClosedError` when the loop has ended."""
        if self.is_current:
            self.loop.call_soon(function, *arguments)
            return
        try:
            self.loop.call_soon_threadsafe(function, *arguments)
        except RuntimeError as error:
            raise RuntimeClosedError("klaw has been shut down in this process", cause=error) from error

    def start(self, coroutine: Coroutine[Any, Any, Any]) -> Future[Any]:
        """Starts the coroutine on the loop, from any thread."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop)

    async def in_thread(self, function: Callable[..., T], *arguments: Any) -> T:
        """Calls a function that may block, on a thread that does not keep the process from ending. On the loop."""
        future: asyncio.Future[T] = self.loop.create_future()

        def settle(result: Any, error: BaseException | None) -> None:
            if future.done():
                return
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)

        def work() -> None:
            result: Any = None
            failure: BaseException | None = None
            try:
                result = function(*arguments)
            except BaseException as error:
                failure = error
            with contextlib.suppress(RuntimeError):
                # Or else the loop has ended, and nobody waits.
                self.loop.call_soon_threadsafe(settle, result, failure)

        threading.Thread(target=work, name="klaw-call", daemon=True).start()
        return await future

    def close(self) -> None:
        """Ends what runs on the loop, and the thread."""
        if self.loop.is_closed():
            return
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(_JOIN_TIME)

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_forever()
        finally:
            tasks = asyncio.all_tasks(self.loop)
            for task in tasks:
                task.cancel()
            if tasks:
                self.loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
            self.loop.close()
