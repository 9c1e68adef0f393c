"""Keeps what is asked of one actor in order while something that it needs is not there yet."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol


class Awaited(Protocol):
    """Something that can be waited for."""

    def when_born(self, callback: Callable[[], None]) -> None: ...


class Step(Protocol):
    """Something to do in its turn."""

    def attempt(self) -> Sequence[Awaited]:
        """Does it, and returns nothing; or returns what has to be there first, to be called once more."""
        ...


class Lane:
    """A queue of steps, each of which is done after those before it."""

    __slots__ = ("_running", "_steps")

    def __init__(self) -> None:
        self._steps: deque[Step] = deque()
        self._running = False

    @property
    def clear(self) -> bool:
        """Whether nothing waits, so that a step could be done at once."""
        return not self._steps

    def append(self, step: Step) -> None:
        self._steps.append(step)
        if len(self._steps) == 1:
            self._run()

    def _run(self) -> None:
        # A step that is done may make births happen that come back here.
        if self._running:
            return
        self._running = True
        try:
            while self._steps:
                missing = self._steps[0].attempt()
                if missing:
                    break
                self._steps.popleft()
        finally:
            self._running = False
        if self._steps:
            missing[0].when_born(self._run)
