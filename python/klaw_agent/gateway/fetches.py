"""Waits for values that the client wants: by Ray's callbacks, or, while it makes one call after the other, by staying with the call.

A callback comes on a thread of Ray's, which wakes the loop, which waits for that thread to be done with the interpreter: for a call that
takes a millisecond that is a fifth of it. Who stays is woken once. But nothing else happens on the loop meanwhile, so it is only done for
a client that is known to wait for nothing else, and for no more than a moment.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from time import monotonic
from typing import Any, Final

from ray._private.worker import global_worker

from .completions import Completions

Done = Callable[[Any], None]

#: Seconds that the loop stays with a call at most.
_MOMENT: Final = 0.002
#: So many in a row have to be alone and quick before that is done.
_ENOUGH: Final = 8
#: So many after one that took longer.
_AGAIN: Final = 2
#: One of so many goes the other way all the same: with the loop free, it shows whether the client does something else meanwhile.
_PROBE: Final = 16


class Fetches:
    """The values that one session waits for. `stayed` is told when the loop has stayed with a call: the next one may come any moment."""

    def __init__(self, completions: Completions, is_busy: Callable[[], bool], stayed: Callable[[], None]) -> None:
        self._completions = completions
        self._is_busy = is_busy
        self._stayed = stayed
        #: How many in a row were alone and quick.
        self._quick = 0
        self._stays = 0
        self._under_way = 0
        #: Those of this turn of the loop that it may stay with.
        self._next: list[tuple[Any, Done]] = []

    def fetch(self, ref: Any, done: Done) -> None:
        """Calls back on the loop with the value, or what the object has failed with, an error of Ray's."""
        if self._quick < _ENOUGH or self._under_way > 0:
            self._by_callback(ref, done)
            return
        self._next.append((ref, done))
        if len(self._next) == 1:
            # What came with it is to be read first.
            asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        fetches, self._next = self._next, []
        self._stays += 1
        if len(fetches) > 1 or self._stays % _PROBE == 0 or self._is_busy() or not self._stay(*fetches[0]):
            for ref, done in fetches:
                self._by_callback(ref, done)

    def _stay(self, ref: Any, done: Done) -> bool:
        try:
            values, _ = global_worker.get_objects([ref], timeout=_MOMENT, return_exceptions=True)
        except Exception:
            # It takes longer. Whatever else it may be is said in the other way too.
            self._quick = _ENOUGH - _AGAIN
            return False
        done(values[0])
        self._stayed()
        return True

    def _by_callback(self, ref: Any, done: Done) -> None:
        if self._under_way > 0:
            self._quick = 0
        self._under_way += 1
        called_back = functools.partial(self._called_back, done, monotonic())
        # What `await ref` does too, without two futures and a wake-up for each.
        ref._on_completed(functools.partial(self._completions.post, called_back))

    def _called_back(self, done: Done, start: float, value: Any) -> None:
        self._under_way -= 1
        if self._under_way == 0:
            self._quick = self._quick + 1 if monotonic() - start < _MOMENT else 0
        done(value)
