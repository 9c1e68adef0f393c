"""Learns that objects have settled, without fetching them."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any, Protocol

import ray

from .completions import Completions

#: Seconds that a look at refs that are new takes at first, and at most.
_SHORTEST_LOOK = 0.001
_LONGEST_LOOK = 0.02


class Watches(Protocol):
    """Calls back on the loop once a ref has settled."""

    def watch(self, ref: Any, settled: Callable[[], None]) -> Callable[[], None]:
        """Returns what ends the wait."""
        ...

    def close(self) -> None: ...


def make_watches(completions: Completions) -> Watches:
    """Ray has callbacks for that from 2.60 or so; before, a thread looks after all refs together."""
    if hasattr(ray.ObjectRef, "_on_ready"):
        return CallbackWatches(completions)
    return ThreadWatches(completions)


class _Watch:
    __slots__ = ("ended", "ref", "settled")

    def __init__(self, ref: Any, settled: Callable[[], None]) -> None:
        self.ref = ref
        self.settled = settled
        self.ended = False

    def fire(self) -> None:
        if not self.ended:
            self.ended = True
            self.settled()


class CallbackWatches:
    """By a callback of Ray's for each ref."""

    def __init__(self, completions: Completions) -> None:
        self._completions = completions

    def watch(self, ref: Any, settled: Callable[[], None]) -> Callable[[], None]:
        watch = _Watch(ref, settled)
        # The watch holds the ref: Ray does not call back for one that is dropped.
        cancel = ref._on_ready(lambda _error: self._completions.post(watch.fire))
        return functools.partial(_end, watch, cancel)

    def close(self) -> None:
        """Nothing to end: each watch has been ended by whoever made it."""


def _end(watch: _Watch, cancel: Callable[[], None]) -> None:
    if not watch.ended:
        watch.ended = True
        cancel()


class ThreadWatches:
    """By one thread that waits for any of all refs. A look that has begun does not know of refs that come later, so looks are
    short after news, and grow while there are none."""

    def __init__(self, completions: Completions) -> None:
        self._completions = completions
        self._changed = threading.Condition()
        self._new: list[_Watch] = []
        self._closed = False
        self._thread: threading.Thread | None = None

    def watch(self, ref: Any, settled: Callable[[], None]) -> Callable[[], None]:
        watch = _Watch(ref, settled)
        with self._changed:
            self._new.append(watch)
            self._changed.notify()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="klaw-watches", daemon=True)
                self._thread.start()
        return functools.partial(setattr, watch, "ended", True)

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify()

    def _run(self) -> None:
        watches: dict[Any, list[_Watch]] = {}
        look = _SHORTEST_LOOK
        while True:
            with self._changed:
                while not (self._new or watches or self._closed):
                    self._changed.wait()
                if self._closed:
                    return
                new, self._new = self._new, []
            for watch in new:
                watches.setdefault(watch.ref, []).append(watch)
            for ref in [ref for ref, those in watches.items() if all(watch.ended for watch in those)]:
                del watches[ref]
            if not watches:
                continue
            look = _SHORTEST_LOOK if new else min(look * 1.5, _LONGEST_LOOK)
            for ref in settled_of(list(watches), look):
                for watch in watches.pop(ref):
                    self._completions.post(watch.fire)


def settled_of(refs: list[Any], seconds: float) -> list[Any]:
    """Those of the refs that have settled; waits so long for the first. Blocks. Values stay where they are."""
    ready, rest = ray.wait(refs, num_returns=1, timeout=seconds, fetch_local=False)
    if ready and rest:
        more, _ = ray.wait(rest, num_returns=len(rest), timeout=0, fetch_local=False)
        ready = [*ready, *more]
    settled: list[Any] = ready
    return settled
