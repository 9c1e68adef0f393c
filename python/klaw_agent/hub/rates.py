"""How much goes through a channel, over the last seconds."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Final

#: Seconds after which what has happened counts for a third.
_MEMORY: Final = 5.0
#: Seconds that are looked at together: the mean is worked out no more often.
_STEP: Final = 0.05
#: Seconds that a rate is of at least, so that the first items of all do not look like a flood.
_LEAST: Final = 1.0


class Rate:
    """An exponentially weighted mean. It is brought up to date when it is used, and needs no timer."""

    __slots__ = ("_clock", "_new", "_since", "_start", "_weight")

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._start = clock()
        #: When `_weight` was worked out, and how much has come since.
        self._since = self._start
        self._weight = 0.0
        self._new = 0

    def add(self, count: int) -> None:
        """So many have gone through now."""
        self._new += count
        now = self._clock()
        if now - self._since >= _STEP:
            self._fold(now)

    def per_second(self) -> float:
        """The mean of the last seconds."""
        now = self._clock()
        self._fold(now)
        age = max(_LEAST, now - self._start)
        return self._weight / (_MEMORY * (1 - math.exp(-age / _MEMORY)))

    def _fold(self, now: float) -> None:
        self._weight = self._weight * math.exp((self._since - now) / _MEMORY) + self._new
        self._new = 0
        self._since = now
