"""Memory for large values on their way to the store, used again as soon as nobody looks at it any more."""

from __future__ import annotations

import asyncio
import contextlib
import mmap
from typing import Final

#: Bytes from which large pages are asked for.
_HUGE: Final = 4 * 1024 * 1024
#: Memory below that many bytes costs too little to be kept.
_SMALLEST: Final = 1024 * 1024
#: Bytes that are kept at most.
_MOST_KEPT: Final = 256 * 1024 * 1024
#: Seconds for which memory that nobody uses is kept.
_KEPT_FOR: Final = 1.0


class Memory:
    """The system gives fresh memory page by page, as it is written to, which takes several times as long as the copy itself."""

    def __init__(self) -> None:
        #: There may still be views of some of them.
        self._kept: list[mmap.mmap] = []
        self._timer: asyncio.TimerHandle | None = None

    def take(self, size: int) -> mmap.mmap:
        """At least so many bytes. The pages of fresh memory are taken when they are written, so what is only announced costs nothing."""
        for index, memory in enumerate(self._kept):
            if len(memory) >= size and _is_free(memory):
                del self._kept[index]
                return memory
        return _fresh(size)

    def keep(self, memory: mmap.mmap) -> None:
        """What was taken may be taken again once the last view of it is gone."""
        if len(memory) < _SMALLEST or sum(map(len, self._kept)) + len(memory) > _MOST_KEPT:
            return
        self._kept.append(memory)
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(_KEPT_FOR, self.clear)

    def clear(self) -> None:
        """Keeps nothing. What there are views of goes with the last of them."""
        self._kept.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _is_free(memory: mmap.mmap) -> bool:
    try:
        # Its own size: this changes nothing, and is refused as long as there are views.
        memory.resize(len(memory))
    except (BufferError, OSError, SystemError, ValueError):
        # Some systems can not resize such memory at all: there nothing is used again.
        return False
    return True


def _fresh(size: int) -> mmap.mmap:
    memory = mmap.mmap(-1, max(size, 1))
    if size >= _HUGE and hasattr(mmap, "MADV_HUGEPAGE"):
        # Taking small pages would take longer than filling them. Where there are no large ones, nothing is lost.
        with contextlib.suppress(OSError):
            memory.madvise(mmap.MADV_HUGEPAGE)
    return memory
