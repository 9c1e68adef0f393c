"""When it pays to have an actor wait for calls."""

from __future__ import annotations

from time import monotonic
from typing import Final

#: Seconds within which a call follows the one before, for both to count as hot.
_QUICK: Final = 0.010
#: So many in a row have to be.
_ENOUGH: Final = 4
#: A stint with fewer calls was not worth it.
_WORTH_IT: Final = 3
#: For how many calls there is none then: the first time, and at most.
_FEWEST_SKIPPED: Final = 16
_MOST_SKIPPED: Final = 1024


class Heat:
    """How quickly the calls of one actor follow one another. A lone call now and then never occupies the actor."""

    __slots__ = ("_last", "_next_skipped", "_quick", "_skipped")

    def __init__(self) -> None:
        self._last = 0.0
        self._quick = 0
        self._skipped = 0
        self._next_skipped = _FEWEST_SKIPPED

    def call(self) -> bool:
        """There is a call. Whether a stint may begin for it."""
        now = monotonic()
        self._quick = self._quick + 1 if now - self._last < _QUICK else 0
        self._last = now
        if self._skipped > 0:
            self._skipped -= 1
            return False
        return self._quick >= _ENOUGH

    def served(self, calls: int) -> None:
        """A stint has ended, after so many calls."""
        if calls >= _WORTH_IT:
            self._next_skipped = _FEWEST_SKIPPED
        else:
            self._skipped = self._next_skipped
            self._next_skipped = min(self._next_skipped * 2, _MOST_SKIPPED)
