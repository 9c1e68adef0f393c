"""An event loop on a thread of its own, in a process whose other threads are somebody else's."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any, TypeVar

_Result = TypeVar("_Result")


class LoopThread:
    """Runs from the start until `end`. The thread keeps no process alive."""

    def __init__(self, name: str) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def submit(self, work: Coroutine[Any, Any, _Result]) -> Future[_Result]:
        """Runs it on the loop. From any thread; those of one thread start in its order. Cancelling the future cancels the coroutine."""
        return asyncio.run_coroutine_threadsafe(work, self.loop)

    def call(self, work: Coroutine[Any, Any, _Result], timeout: float) -> _Result:
        """Runs it on the loop, and waits for it, so many seconds at most. Not from the loop itself.

        Raises what it raises, or `TimeoutError`: it is cancelled then.
        """
        if self.loop.is_closed():
            work.close()
            raise RuntimeError("the loop has ended")
        future = self.submit(work)
        try:
            return future.result(timeout)
        except FutureTimeout:
            if future.done():
                raise
            raise TimeoutError(f"it was not done within {timeout:g} seconds") from None
        finally:
            future.cancel()

    def end(self, timeout: float | None = None) -> bool:
        """Cancels what is left, and waits, so many seconds at most. From any other thread. Whether the thread has ended. Idempotent."""
        if self._thread.is_alive():
            # It may end in between.
            with contextlib.suppress(RuntimeError):
                self.loop.call_soon_threadsafe(self.loop.stop)
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        loop = self.loop
        asyncio.set_event_loop(loop)
        try:
            loop.run_forever()
            tasks = asyncio.all_tasks(loop)
            for task in tasks:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
            loop.run_until_complete(loop.shutdown_asyncgens())
        finally:
            loop.close()
