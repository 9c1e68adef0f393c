"""What waits, and the two ways of waiting for it: a thread that blocks, and a coroutine of somebody's event loop."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any, Final, Protocol, TypeVar

from klaw_agent.errors import ChannelTimeout

T = TypeVar("T")

#: Guards all state of all channel ends of this process: users' threads and the background loop share it. It is held for microseconds,
#: and never while somebody waits, decodes or encodes. Reentrant, since a signal handler may use a channel.
LOCK: Final = threading.RLock()


def reset_after_fork() -> None:
    """Whoever held the lock in the parent is not there."""
    LOCK._at_fork_reinit()  # type: ignore[attr-defined] # as `logging` does with its own


class Pending:
    """Something that waits. `settle`, `leave` and `undo` are called with the lock held.

    What it was promised (an item, slots) belongs to nobody until whoever waited for it has woken up and taken it: so a wait that is
    cancelled at the very moment at which it ends has taken nothing.
    """

    __slots__ = ("_wake", "is_settled")

    def __init__(self) -> None:
        self.is_settled = False
        self._wake: Callable[[], object] | None = None

    def settle(self) -> None:
        """It need not wait any longer."""
        self.is_settled = True
        wake, self._wake = self._wake, None
        if wake is not None:
            wake()

    def rearm(self) -> None:
        """It waits again."""
        self.is_settled = False

    def on_settled(self, wake: Callable[[], object] | None) -> None:
        self._wake = wake

    def leave(self) -> None:
        """Nobody waits any more: it leaves its line, and gives back what it may have been promised."""


class Deadline:
    """Until when an operation may wait. `timeout` is in seconds; None: for ever."""

    __slots__ = ("at", "operation", "timeout")

    def __init__(self, timeout: float | None, operation: str) -> None:
        check_seconds("timeout", timeout)
        self.timeout = timeout
        self.operation = operation
        self.at = None if timeout is None or math.isinf(timeout) else time.monotonic() + timeout

    @property
    def is_now(self) -> bool:
        """Whether it is "now or never"."""
        return self.timeout == 0

    def left(self) -> float | None:
        return None if self.at is None else max(0.0, self.at - time.monotonic())

    def error(self) -> ChannelTimeout:
        """What is raised when it has passed. The property is in milliseconds, as in TypeScript."""
        seconds = self.timeout or 0
        return ChannelTimeout(f"{self.operation} did not succeed within {seconds:g} s", timeout=seconds * 1000)


def check_seconds(name: str, value: object, *, positive: bool = False) -> None:
    """Raises `TypeError` or `ValueError` unless `value` is None or a duration in seconds."""
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"'{name}' must be a number of seconds or None, got {value!r}")
    if math.isnan(value) or value < 0 or (positive and value == 0):
        least = "more than 0" if positive else "0 or more"
        raise ValueError(f"'{name}' must be {least} seconds, got {value!r}")


class Waits(Protocol):
    """A way of waiting."""

    async def wait(self, pending: Pending, deadline: Deadline) -> None:
        """Returns when it has settled. Whatever else ends the wait, `pending.leave()` has been called before it is raised.

        Raises `ChannelTimeout` when the deadline has passed.
        """
        ...


class Blocking:
    """The calling thread waits. Coroutines that wait this way never suspend: `run` runs them."""

    async def wait(self, pending: Pending, deadline: Deadline) -> None:
        gate = threading.Lock()
        with LOCK:
            if pending.is_settled:
                return
            gate.acquire()
            pending.on_settled(gate.release)
        try:
            _acquire(gate, deadline.left())
        except BaseException:
            with LOCK:
                pending.on_settled(None)
                pending.leave()
            raise
        with LOCK:
            if not pending.is_settled:
                pending.on_settled(None)
                pending.leave()
                raise deadline.error()


class Suspending:
    """The calling coroutine waits, on whatever event loop it runs."""

    async def wait(self, pending: Pending, deadline: Deadline) -> None:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        with LOCK:
            if pending.is_settled:
                return
            pending.on_settled(lambda: _wake(loop, future))
        left = deadline.left()
        timer = None if left is None else loop.call_later(left, _set, future)
        try:
            await future
        except BaseException:
            with LOCK:
                pending.on_settled(None)
                pending.leave()
            raise
        finally:
            if timer is not None:
                timer.cancel()
        with LOCK:
            if not pending.is_settled:
                pending.on_settled(None)
                pending.leave()
                raise deadline.error()


BLOCKING: Final = Blocking()
SUSPENDING: Final = Suspending()


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine that never suspends."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    coroutine.close()
    raise RuntimeError("a blocking operation has suspended")


def _acquire(gate: threading.Lock, left: float | None) -> None:
    if left is None:
        gate.acquire()
        return
    at = time.monotonic() + left
    # The platform's longest wait is shorter than what may be asked for.
    while not gate.acquire(timeout=min(left, threading.TIMEOUT_MAX)):
        left = at - time.monotonic()
        if left <= 0:
            return


def _wake(loop: asyncio.AbstractEventLoop, future: asyncio.Future[None]) -> None:
    try:
        loop.call_soon_threadsafe(_set, future)
    except RuntimeError:
        # That loop is closed. Its coroutine is ended by whoever collects it, and then leaves.
        return


def _set(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
